"""Settings of partners: which retained sequence is nearest to a forget sequence."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from unlearnkit.config.models.text_readers import (
    ReaderSource,
    SentenceEncoder,
    TfidfEmbedder,
    WordllamaEmbedder,
)
from unlearnkit.config.settings import Settings


class StatesEmbedder(Settings):
    """The states of original 0 after its last block, averaged over tokens; no text and no other model are needed."""

    kind: Literal["states"]


class PartnerSettings(Settings):
    """How the partners of forget sequences are found: the nearest retained sequences, by exact search."""

    embedder: Annotated[
        WordllamaEmbedder | TfidfEmbedder | SentenceEncoder | StatesEmbedder, Field(discriminator="kind")
    ] = Field(
        WordllamaEmbedder.model_validate({}),
        description="what turns sequences into vectors: wordllama, encoder with a source, states of original 0, or "
        "tfidf, which knows equal words alone; ICU: encoder, all-MiniLM-L6-v2",
    )
    last_tokens: int | None = Field(
        100, ge=1, description="tokens of a sequence that are embedded, the last ones; null: all; ICU: 100"
    )
    neighbours: int = Field(10, ge=1, description="sequences that are kept for each, nearest first; ICU: 10")


def planned_source(settings: PartnerSettings) -> ReaderSource | None:
    """Return where the encoder comes from, None if the embedder is none."""
    return settings.embedder.source if isinstance(settings.embedder, SentenceEncoder) else None
