"""A text set as an artifact: a safetensors file with its stream, cuts and units, and the rest in its header."""

from __future__ import annotations

import os

from unlearnkit.data.described import read_described, require_hash, write_described
from unlearnkit.data.text.other_answers import OtherAnswers
from unlearnkit.data.text.text_set import TextSet

KIND = "text_set"
_FIELDS = ("train_size", "validation_size", "vocabulary_size", "length")
_OTHERS = "others_"


def write_text_set(path: str | os.PathLike[str], text_set: TextSet) -> None:
    """Write a text set, atomically and with reproducible bytes."""
    facts = {name: getattr(text_set, name) for name in _FIELDS}
    facts |= {"further": dict(text_set.further)} if text_set.further else {}
    write_described(path, KIND, text_set.arrays, facts, text_set.content_hash)


def read_text_set(path: str | os.PathLike[str]) -> TextSet:
    """Read a text set; raises ArtifactError if the file is damaged or does not hold what was written."""
    stored, facts = read_described(path, KIND)
    held = {name: stored[name] for name in stored.names if name != "tokens"}
    others = {name.removeprefix(_OTHERS): held.pop(name) for name in [*held] if name.startswith(_OTHERS)}
    text_set = TextSet(
        tokens=stored.mapped("tokens", "U16", "U32"),
        **held,
        **{name: facts[name] for name in _FIELDS},
        further=facts.get("further", {}),
        others=OtherAnswers(**others) if others else None,
    )
    require_hash(path, text_set.content_hash, facts)
    return text_set
