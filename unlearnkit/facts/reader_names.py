"""The names of models that read texts, in the words of tables and records."""

from __future__ import annotations

from typing import Any


def reader_name(source: Any) -> str:
    """Return the name of a model by its `source`: that on the hub with its commit, or that of its folder."""
    return (
        f"{source.hub} at {str(source.revision)[:8]}" if source.hub else str(source.folder).rstrip("/").split("/")[-1]
    )


def embedder_name(embedder: Any) -> str:
    """Return what turns texts into vectors, in words, by the settings of an embedder."""
    if embedder.kind == "encoder":
        return reader_name(embedder.source)
    if embedder.kind == "tfidf":
        return f"hashed TF-IDF of words, width {embedder.width}: no sentence encoder"
    return "wordllama (static vectors of tokens)"
