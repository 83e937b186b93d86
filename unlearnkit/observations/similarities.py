"""Similarities: how near in meaning the answers of models are to the true ones, by an embedder of sentences.

    similarity  max(0, cosine of the vectors of the generated and of the true answer), in [0, 1]; 0 of an answer of
                which the embedder reads nothing

Made of `generations` and of the pairs. Values of different embedders do not compare. Source: Yuan et al. 2024 (arXiv
2410.08109), with paraphrase-MiniLM-L6-v2.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import Field

from unlearnkit.config.models.text_readers import Embedder, SentenceEncoder, WordllamaEmbedder
from unlearnkit.config.settings import ObservationSettings
from unlearnkit.facts.base_files import base_files
from unlearnkit.facts.reader_names import embedder_name
from unlearnkit.models.text_readers.embedders import embedder_of, similarities
from unlearnkit.models.text_readers.sources import folder_of, hashes_of
from unlearnkit.models.text_readers.wordllama_vectors import own_files
from unlearnkit.training.derived import Means, Shown

READS = ("generations",)
NEEDS = ("pairs",)
ONLY_PAIRS = True
VALUES = {"text": {"similarity": "float32"}}
IMMATERIAL = {"embedder": {"source": {"folder"}}}
KEY = "observations.similarities.embedder.source"


class Settings(ObservationSettings):
    """Settings of similarities."""

    embedder: Embedder = Field(
        WordllamaEmbedder.model_validate({}),
        description="what turns texts into vectors: wordllama, encoder with a source, or tfidf, which knows equal "
        "words alone; Closer look: encoder, paraphrase-MiniLM-L6-v2",
    )


def derive(shown: Shown, settings: Settings, means: Means) -> Mapping[str, np.ndarray]:
    """Return the similarities, {"similarity": [models, rows]}.

    Words weigh in tfidf by the true answers of all training samples, so no value depends on what else is observed.

    Raises DataError if the embedder is not there.
    """
    part = shown.observed["generations"]
    written, references = part.values["text"], part.of_samples["answer"].tolist()
    folder, files = _source(settings)
    means.facts["embedder"] = {"name": embedder_name(settings.embedder), "files": hashes_of(files)}
    embed = embedder_of(settings.embedder, [pair.answer for pair in shown.training], folder, means.device)
    true = embed(references)
    return {"similarity": np.stack([similarities(embed(texts.tolist()), true) for texts in written])}


def _source(settings: Settings) -> tuple[Path | None, tuple[Path, ...]]:
    """Return the folder of an encoder, if it is one, and the files that vectors come from."""
    if isinstance(settings.embedder, SentenceEncoder):
        folder = folder_of(settings.embedder.source, KEY)
        return folder, tuple(base_files(folder))
    return None, own_files() if isinstance(settings.embedder, WordllamaEmbedder) else ()
