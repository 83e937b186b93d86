"""Where settings are searched: spaces as maps from [0, 1], what is drawn from them, and what fits a budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Known = Mapping[str, Any]
"""What a space may depend on: `training_epochs` of the originals, and the settings drawn before it, by name."""

LENGTHS = ("epochs", "steps")
"""Settings that say how long a method runs; it has one of them, or none."""


class Space(Protocol):
    """The values that a search may give to one setting."""

    def at(self, quantile: float, known: Known) -> object:
        """Return the value at a quantile in [0, 1]; uniform quantiles give the space's own distribution."""
        ...


@dataclass(frozen=True)
class Uniform:
    """Real numbers from `low` to `high`, all equally likely."""

    low: float
    high: float

    def at(self, quantile: float, known: Known) -> float:
        """Return low + quantile (high - low)."""
        return self.low + quantile * (self.high - self.low)


@dataclass(frozen=True)
class LogUniform:
    """Positive numbers from `low` to `high`, whose logarithms are equally likely."""

    low: float
    high: float

    def at(self, quantile: float, known: Known) -> float:
        """Return low (high / low)^quantile, within the bounds also after rounding."""
        value = math.exp(math.log(self.low) + quantile * math.log(self.high / self.low))
        return min(max(value, self.low), self.high)


@dataclass(frozen=True)
class Integers:
    """Whole numbers from `low` to `high`, both included, all equally likely; `high` may depend on what is known."""

    low: int
    high: int | Callable[[Known], int]

    def at(self, quantile: float, known: Known) -> int:
        """Return low + floor(quantile n) of the n numbers, `high` at quantile 1."""
        high = self.high(known) if callable(self.high) else self.high
        return min(self.low + math.floor(quantile * (high - self.low + 1)), high)


@dataclass(frozen=True)
class Choice:
    """One of several values, all equally likely."""

    values: tuple[object, ...]

    def at(self, quantile: float, known: Known) -> object:
        """Return value number floor(quantile n) of n, the last one at quantile 1."""
        return self.values[min(math.floor(quantile * len(self.values)), len(self.values) - 1)]


KINDS: Mapping[str, Callable[..., Space]] = {kind.__name__: kind for kind in (Uniform, LogUniform, Integers, Choice)}


def spaces_from(
    declared: Mapping[str, Space], elsewhere: Mapping[str, Mapping[str, Any]], fixed: Iterable[str]
) -> dict[str, Space]:
    """Return the spaces to draw from: those that a method declares, or others in their places, but of no fixed setting.

    `elsewhere` holds a kind (a key of KINDS) and its fields for every setting that is searched somewhere else.
    """
    others = {
        name: KINDS[space["kind"]](**{key: value for key, value in space.items() if key != "kind"})
        for name, space in elsewhere.items()
    }
    return {name: space for name, space in {**declared, **others}.items() if name not in fixed}


def draw(
    spaces: Mapping[str, Space], quantiles: Mapping[str, float], training_epochs: int, fixed: Mapping[str, Any] = {}
) -> dict[str, Any]:
    """Return the value of every space at its quantile, in their order: a space knows `fixed` and those before it."""
    drawn: dict[str, Any] = {}
    for name, space in spaces.items():
        drawn[name] = space.at(quantiles[name], {**fixed, **drawn, "training_epochs": training_epochs})
    return drawn


def fitted(values: Mapping[str, Any], cost: Callable[[Mapping[str, Any]], float], most: float) -> dict[str, Any] | None:
    """Return settings that cost at most `most`: as they are, or with the most epochs (steps) that fit; None if none do.

    `cost` returns the sample passes of settings, and raises ValueError for those that the method does not take.
    """
    length = next((name for name in LENGTHS if name in values), None)
    for count in range(values[length], 0, -1) if length else (0,):
        shorter = {**values, length: count} if length else dict(values)
        if _costs_at_most(shorter, cost, most):
            return shorter
    return None


def _costs_at_most(values: Mapping[str, Any], cost: Callable[[Mapping[str, Any]], float], most: float) -> bool:
    try:
        return cost(values) <= most
    except ValueError:
        return False
