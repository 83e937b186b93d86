"""Variants: named methods with settings, one for every combination of a grid."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from unlearnkit.config.blocks import MethodBlock, declared
from unlearnkit.config.methods.settings_files import is_pending, made_file, settings_in
from unlearnkit.config.settings import Settings


@dataclass(frozen=True)
class Variant:
    """A method with its settings, evaluated after every epoch in `snapshots` (0: the method has no epochs).

    Where a rule makes settings, `made_file` is their file. As long as it is not there, the variant is `pending` and has
    the settings that stand in the entry. `tuned_by` is the search that makes them, if one does.
    """

    name: str
    method: str
    settings: Settings
    snapshots: tuple[int, ...]
    made_file: str | None = None
    tuned_by: str | None = None
    pending: bool = False

    def described(self) -> dict[str, Any]:
        """Return what a slice states of the variant, without settings that its method calls IMMATERIAL."""
        left_out = getattr(declared("method", self.method), "IMMATERIAL", None)
        description = {
            "method": self.method,
            "settings": self.settings.model_dump(mode="json", exclude=left_out),
            "snapshots": list(self.snapshots),
        }
        return {**description, "pending": self.made_file} if self.pending else description


def variants_of(name: str, block: MethodBlock, training_epochs: int) -> Iterator[Variant]:
    """Yield the variants of one entry of `methods`, in a stable order.

    Raises pydantic's ValidationError if the method's own `Settings` refuse a combination, and ConfigError for a file of
    settings.
    """
    path, pending = made_file(block), is_pending(block)
    for variant, values in combinations(name, block):
        settings = declared("method", block.method).Settings.model_validate(values)
        last = last_epoch(block.method, settings, training_epochs)
        snapshots = block.snapshots or (last or 0,)
        yield Variant(variant, block.method, settings, snapshots, path, block.tuned_by, pending)


def combinations(name: str, block: MethodBlock) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield variant name and settings for every combination of the grid; without a grid, only the block itself.

    A name is `name.<setting><value>.<setting><value>`, in the order in which the method declares its settings.
    """
    plain, grid = settings_in(block), axes(block)
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
