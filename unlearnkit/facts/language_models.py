"""Widths of language models that follow from others."""

from __future__ import annotations


def mlp_features(mlp_width: int | None, width: int) -> int:
    """Return the features between the two layers of an MLP: those stated, else four times the residual stream's."""
    return mlp_width or 4 * width


def embedding_rows(vocabulary: int, multiple: int | None) -> int:
    """Return the rows of embedding and head: the vocabulary, tokens, rounded up to a multiple where one is stated."""
    return -(-vocabulary // (multiple or 1)) * (multiple or 1)
