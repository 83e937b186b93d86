"""Variants: named methods with settings, one for every combination of a grid."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from unlearnkit.config.blocks import MethodBlock, declared, own_settings
from unlearnkit.config.settings import Settings


@dataclass(frozen=True)
class Variant:
    """A method with its settings, evaluated after every epoch in `snapshots` (0: the method has no epochs)."""

    name: str
    method: str
    settings: Settings
    snapshots: tuple[int, ...]


def variants_of(name: str, block: MethodBlock, training_epochs: int) -> Iterator[Variant]:
    """Yield the variants of one entry of `methods`, in a stable order.

    Raises pydantic's ValidationError if the method's own `Settings` refuse a combination.
    """
    for variant, values in combinations(name, block):
        settings = declared("method", block.method).Settings.model_validate(values)
        last = last_epoch(block.method, settings, training_epochs)
        yield Variant(variant, block.method, settings, block.snapshots or (last or 0,))


def combinations(name: str, block: MethodBlock) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield variant name and settings for every combination of the grid; without a grid, only the block itself.

    A name is `name.<setting><value>.<setting><value>`, in the order in which the method declares its settings.
    """
    plain, grid = own_settings(block), axes(block)
    for values in itertools.product(*grid.values()):
        point = dict(zip(grid, values, strict=True))
        yield (".".join([name, *(key + spelled(value) for key, value in point.items())]), {**plain, **point})


def axes(block: MethodBlock) -> dict[str, tuple[Any, ...]]:
    """Return the values of every setting in the grid, in the order in which the method declares its settings."""
    grid: Settings | None = getattr(block, "grid", None)
    if grid is None:
        return {}
    return {key: getattr(grid, key) for key in type(grid).model_fields if key in grid.model_fields_set}


def spelled(value: object) -> str:
    """Return a setting's value as it stands in a variant's name: text as is, numbers exactly, lists joined by "_"."""
    if isinstance(value, tuple):
        return "_".join(map(spelled, value))
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return repr(value).replace("+", "") if isinstance(value, float) else str(value)


def last_epoch(method: str, settings: Settings, training_epochs: int) -> int | None:
    """Return the last epoch (of language methods: step) that `method` can be evaluated at, None if it has none."""
    if getattr(declared("method", method), "LAST_EPOCH", None) == "training":
        return training_epochs
    return getattr(settings, "epochs", getattr(settings, "steps", None))
