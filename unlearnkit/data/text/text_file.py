"""A text set as an artifact: a safetensors file with its stream, cuts and units, and the rest in its header."""

from __future__ import annotations

import os

from unlearnkit.data.described import read_described, require_hash, write_described
from unlearnkit.data.text.text_set import TextSet

KIND = "text_set"
_ARRAYS = ("tokens", "starts", "lengths", "units")
_FIELDS = ("train_size", "validation_size", "vocabulary_size", "length")


def write_text_set(path: str | os.PathLike[str], text_set: TextSet) -> None:
    """Write a text set, atomically and with reproducible bytes."""
    arrays = {name: getattr(text_set, name) for name in _ARRAYS}
    facts = {name: getattr(text_set, name) for name in _FIELDS}
    write_described(path, KIND, arrays, facts, text_set.content_hash)


def read_text_set(path: str | os.PathLike[str]) -> TextSet:
    """Read a text set; raises ArtifactError if the file is damaged or does not hold what was written."""
    stored, facts = read_described(path, KIND)
    cuts = {name: stored[name] for name in _ARRAYS[1:]}
    text_set = TextSet(tokens=stored.mapped("tokens", "U16"), **cuts, **{name: facts[name] for name in _FIELDS})
    require_hash(path, text_set.content_hash, facts)
    return text_set
