"""Classifiers of texts, and of pairs of texts: the probability of every label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from unlearnkit.errors import DataError
from unlearnkit.models.text_readers.reading import Reader
from unlearnkit.training.precision import products


class TextClassifier:
    """A model for sequence classification in a folder in the format of transformers; `labels` are its classes."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self._reader = Reader(folder, "AutoModelForSequenceClassification", device)
        stated = self._reader.network.config.id2label
        self.labels = tuple(str(stated[number]) for number in sorted(stated))

    def index(self, label: str, key: str) -> int:
        """Return the number of a label, in whatever case; raises DataError, naming the setting `key`, without it."""
        found = [number for number, known in enumerate(self.labels) if known.lower() == label.lower()]
        if not found:
            raise DataError(
                f"the classifier in {self._reader.folder} has no label '{label}'",
                expected=f"one of {', '.join(self.labels)}",
                remedy=f"set {key}, or choose another classifier",
            )
        return found[0]

    @products()
    @torch.inference_mode()
    def probabilities(
        self, texts: Sequence[str], second: Sequence[str] | None = None, most: int | None = None
    ) -> NDArray[np.float32]:
        """Return the probabilities of the labels of texts, float32 [texts, labels]; with `second`, of pairs of texts.

        Of a text the first `most` tokens of the classifier's own tokenizer are read, its special tokens included; all
        that it can read if None.
        """
        parts = [
            self._reader.network(**batch).logits.float().softmax(-1).cpu().numpy()
            for batch in self._reader.batches(texts, second, most)
        ]
        return np.concatenate(parts)
