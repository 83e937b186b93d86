"""BLEU of one sentence against another, by the package sacrebleu."""

from __future__ import annotations

from functools import cache
from typing import Any

TOKENIZER = "13a"
"""The tokenizer of sacrebleu that divides texts into words: that of WMT, which parts punctuation from words."""


def sentence_bleu(candidate: str, reference: str) -> float:
    """Return BLEU-4 of lower-cased words without smoothing, in [0, 1]; 1: both have the same words.

        BLEU = min(1, exp(1 - reference words / candidate words)) * (p_1 p_2 p_3 p_4)^(1/4)
        p_n  = n-grams of the candidate that the reference has, each at most as often as there / those of the candidate

    Exactly 0 where no n-gram of one of the orders matches, so for fewer than 4 words too. Source: Papineni et al. 2002;
    words as by Post 2018 (arXiv 1804.08771).
    """
    return min(1.0, _scorer().corpus_score([candidate], [[reference]]).score / 100)


@cache
def _scorer() -> Any:
    from sacrebleu.metrics.bleu import BLEU

    # `force` is for texts that are tokenised already, of which sacrebleu would warn
    return BLEU(lowercase=True, force=True, tokenize=TOKENIZER, smooth_method="none", max_ngram_order=4)
