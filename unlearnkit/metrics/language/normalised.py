"""Words of English answers as question answering compares them: lower-cased, without punctuation and articles."""

from __future__ import annotations

import re
import string
from collections import Counter

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def normalised(text: str) -> list[str]:
    """Return the words of a text in their order. Source: the evaluation of SQuAD (Rajpurkar et al. 2016)."""
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def unigram_f1(text: str, reference: str) -> float:
    """Return the F1 of the words of a text against those of a reference, each at most as often as there, in [0, 1].

        F1 = 2 P R / (P + R), P = common words / words of the text, R = common words / words of the reference

    0 where no word is common, so for an empty text too. Source: dialogue in ParlAI (Miller et al. 2017).
    """
    words, true = normalised(text), normalised(reference)
    common = sum((Counter(words) & Counter(true)).values())
    return 2 * common / (len(words) + len(true)) if common else 0.0
