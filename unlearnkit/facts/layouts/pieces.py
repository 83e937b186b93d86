"""The pieces of a published pool: which file holds which samples of which models."""

from __future__ import annotations

from typing import NamedTuple


class Names(NamedTuple):
    """What folders and files are named after: data set, architecture, and the last epoch, counted from 0."""

    data_set: str
    model: str
    epoch: int


class Piece(NamedTuple):
    """A file with values of models on samples.

    path     in the repository
    rows     which samples, in the publisher's order: "train" (all training samples), "retain", "forget", "validation"
    model    the model whose values these are; None: an array with a leading axis, where row k is model k
    """

    path: str
    rows: str
    model: int | None = None
