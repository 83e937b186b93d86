"""Embedders by their settings, and how alike texts are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from unlearnkit.config.models.text_readers import SentenceEncoder, TfidfEmbedder, WordllamaEmbedder
from unlearnkit.errors import DataError
from unlearnkit.models.text_readers.hashed_tfidf import hashed_tfidf
from unlearnkit.models.text_readers.sentence_encoder import sentence_encoder
from unlearnkit.models.text_readers.wordllama_vectors import wordllama_vectors

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""texts -> float32 [texts, width], rows of length 1 or 0."""


def embedder_of(
    settings: WordllamaEmbedder | TfidfEmbedder | SentenceEncoder,
    corpus: Sequence[str],
    folder: Path | None,
    device: torch.device,
) -> Embed:
    """Return the embedder of some settings.

    `corpus` are the texts whose words tfidf weighs, `folder` holds the files of an encoder. Raises DataError if a
    package or a file is missing.
    """
    if isinstance(settings, TfidfEmbedder):
        return hashed_tfidf(corpus, settings.width)
    if isinstance(settings, WordllamaEmbedder):
        return wordllama_vectors()
    if folder is None:
        raise DataError("a sentence encoder has no folder", expected="a folder in the format of transformers")
    return sentence_encoder(folder, device)


def similarities(vectors: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return max(0, cosine) of every vector and the other in its row, float32 [texts] in [0, 1]; 0 where one is 0."""
    cosines = (vectors.astype(np.float64) * others).sum(axis=1)
    return np.clip(cosines, 0, 1).astype(np.float32)
