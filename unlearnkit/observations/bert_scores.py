"""BERT scores: how alike continuations and the true text are in the states that an encoder has of their tokens.

    precision, recall, f1   by greedy matching, in [-1, 1]; 0 of an empty continuation

Without weights of tokens and without rescaling by a baseline, so unrelated texts are far above 0: read values beside
those of documents that no model has seen. Values of different encoders or layers do not compare. Made of
`continuations`. Source: Zhang et al. 2020 (arXiv 1904.09675).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from unlearnkit.config.models.text_readers import TokenReader, WordllamaEmbedder
from unlearnkit.config.settings import ObservationSettings
from unlearnkit.facts.base_files import base_files
from unlearnkit.facts.reader_names import embedder_name
from unlearnkit.models.text_readers.bert_score import TokenEncoder
from unlearnkit.models.text_readers.sources import folder_of, hashes_of
from unlearnkit.models.text_readers.wordllama_tokens import WordllamaTokens
from unlearnkit.models.text_readers.wordllama_vectors import own_files
from unlearnkit.training.derived import Means, Shown

READS = ("continuations",)
NEEDS = ()
NEEDS_SOURCE = "encoder"
VALUES = {"text": {"precision": "float32", "recall": "float32", "f1": "float32"}}
IMMATERIAL = {"encoder": {"source": {"folder"}}}
KEY = "observations.bert_scores.encoder.source"


class Settings(ObservationSettings):
    """Settings of BERT scores."""

    encoder: TokenReader | None = Field(
        None,
        description="what has states of tokens: encoder with a source, or wordllama, whose vectors are the same "
        "wherever a token stands; must be stated; ICU: encoder, bert-base-uncased",
    )
    layer: int = Field(9, ge=1, description="layer of an encoder whose states are read; bert-base-uncased: 9")

    def size(self, features: int) -> int:
        """Return the bytes of three numbers."""
        return 12


def derive(shown: Shown, settings: Settings, means: Means) -> Mapping[str, np.ndarray]:
    """Return the values above, [models, rows]; raises DataError if the encoder is not there or has too few layers."""
    part = shown.observed["continuations"]
    reader, files = _reader(settings, means)
    means.facts["encoder"] = {"name": embedder_name(settings.encoder), "layer": settings.layer, "files": files}
    suffixes = part.of_samples["suffix"].tolist()
    found = np.stack([reader.scores(texts.tolist(), suffixes) for texts in part.values["text"]])
    return {name: found[..., at] for at, name in enumerate(("precision", "recall", "f1"))}


def _reader(settings: Settings, means: Means) -> tuple[TokenEncoder | WordllamaTokens, dict[str, str]]:
    """Return what reads texts, and the hashes of the files that it comes from."""
    assert settings.encoder is not None  # the configuration is refused without one
    if isinstance(settings.encoder, WordllamaEmbedder):
        return WordllamaTokens(), hashes_of(own_files())
    folder = folder_of(settings.encoder.source, KEY)
    return TokenEncoder(folder, settings.layer, means.device), hashes_of(base_files(folder))
