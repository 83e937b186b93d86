"""The words for samples and snapshots in texts for readers: images have epochs, sequences have steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Words:
    """`sample` and `samples`; `epoch`, what snapshots of methods are counted in; `margin`, what is compared."""

    sample: str = "sample"
    samples: str = "samples"
    epoch: str = "epoch"
    margin: str = "margin"


IMAGES = Words()

_VALUES = {"margin_mean": "mean margin", "margin_min": "smallest margin", "loss_mean": "negative mean loss"}


def words_of(settings: Mapping[str, Any]) -> Words:
    """Return the words for a rule's configuration slice; slices of text experiments have the key "task"."""
    if settings.get("task", "image") == "image":
        return IMAGES
    return Words("sequence", "sequences", "step", _VALUES[settings.get("value", "margin_mean")])


def shown_epoch(candidate: str, epoch: int, words: Words) -> str:
    """Return the snapshot of a candidate as tables show it; originals and oracles are not counted in steps."""
    return "" if words.epoch == "step" and candidate in ("original", "oracle") else str(epoch)
