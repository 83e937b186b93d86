"""ROUGE of texts, by the package rouge-score, over words of any script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from unlearnkit.training.language.words import Words

ROUGE = ("rouge1_recall", "rougeL_recall", "rougeL_f1")
"""The names of what `rouge_of` returns, in order."""


def rouge_of(references: Sequence[str], texts: Sequence[str], stemmer: bool) -> np.ndarray:
    """Return recall of ROUGE-1 and of ROUGE-L, and F1 of ROUGE-L, of texts against references, float32 [3, texts].

    NaN where the reference has no words.
    """
    from rouge_score.rouge_scorer import RougeScorer

    words = Words(stemmer)
    scorer = RougeScorer(["rouge1", "rougeL"], tokenizer=words)

    def scores() -> Iterator[tuple[float, float, float]]:
        for reference, text in zip(references, texts, strict=True):
            if not words.tokenize(reference):
                yield np.nan, np.nan, np.nan
                continue
            found = scorer.score(reference, text)
            yield found["rouge1"].recall, found["rougeL"].recall, found["rougeL"].fmeasure

    return np.array([*scores()], np.float32).reshape(-1, 3).T
