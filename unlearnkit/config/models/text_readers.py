"""Settings of models that read texts and are never unlearned: embedders, and classifiers of texts."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.config.settings import Settings


class ReaderSource(BaseSource):
    """Where a model that reads texts comes from: a folder or the hub."""

    @model_validator(mode="after")
    def _is_there(self) -> Self:
        if self.package is not None or (self.folder is None and self.hub is None):
            raise ValueError("no folder and no hub is set; expected a folder, or hub with the commit as revision")
        return self


class WordllamaEmbedder(Settings):
    """The vectors of tokens that the package wordllama holds, averaged over a text."""

    kind: Literal["wordllama"] = "wordllama"


class TfidfEmbedder(Settings):
    """Counts of words, weighted by how few texts have them: no model, and no meaning beyond equal words."""

    kind: Literal["tfidf"]
    width: int = Field(4096, ge=16, le=2**20, description="numbers of a vector, to which words are hashed")


class SentenceEncoder(Settings):
    """A sentence encoder in the format of transformers, averaged over the tokens of a text."""

    kind: Literal["encoder"]
    source: ReaderSource = Field(description="folder, or hub with revision; Closer look: paraphrase-MiniLM-L6-v2")


Embedder = Annotated[WordllamaEmbedder | TfidfEmbedder | SentenceEncoder, Field(discriminator="kind")]
"""Any embedder, distinguished by its `kind`."""


TokenReader = Annotated[WordllamaEmbedder | SentenceEncoder, Field(discriminator="kind")]
"""What has a state of every token of a text, distinguished by its `kind`."""


def source_in(settings: Any) -> ReaderSource | None:
    """Return where the model that an observation reads texts with comes from, None if it has none with files."""
    reader = getattr(settings, "embedder", getattr(settings, "encoder", settings))
    source = getattr(reader, "source", None)
    return source if isinstance(source, ReaderSource) else None
