"""BERTScore by the static vectors of wordllama: a token is like another one wherever it stands, so word order is lost.

A stand-in where no encoder is at hand; its values do not compare with those of one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unlearnkit.models.text_readers.bert_score import Tokens, scores_by
from unlearnkit.models.text_readers.wordllama_vectors import loaded


class WordllamaTokens:
    """The vectors of the tokens of texts; raises DataError if the package or its files are missing."""

    def __init__(self) -> None:
        self._own = loaded()

    def scores(self, candidates: Sequence[str], references: Sequence[str]) -> NDArray[np.float32]:
        """Return precision, recall and F1 of every candidate against the reference in its row, float32 [texts, 3]."""
        return scores_by(self._states, candidates, references)

    def _states(self, texts: Sequence[str]) -> list[Tokens]:
        # the package pads the texts of a batch
        found = (np.array(each.ids)[np.array(each.attention_mask, bool)] for each in self._own.tokenize(list(texts)))
        return [(self._own.embedding[ids.astype(int)], np.ones(len(ids), bool)) for ids in found]
