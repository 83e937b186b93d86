"""Where to search settings: ranges and choices, each a map from [0, 1], so that any search can draw from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Known = Mapping[str, Any]
"""What a space may depend on: `training_epochs` of the originals, and the settings drawn before it, by name."""


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


def draw(spaces: Mapping[str, Space], quantiles: Mapping[str, float], training_epochs: int) -> dict[str, Any]:
    """Return the value of every space at its quantile, in their order: a space knows the settings before it."""
    drawn: dict[str, Any] = {}
    for name, space in spaces.items():
        drawn[name] = space.at(quantiles[name], {**drawn, "training_epochs": training_epochs})
    return drawn


def most_epochs(known: Known) -> int:
    """Return ceil(E / 5), the most epochs that a search gives to a method, for originals of E epochs; Deep Unlearn."""
    return -(-known["training_epochs"] // 5)


# The vocabulary of Deep Unlearn (arXiv 2410.01276).
LR = LogUniform(1e-5, 1e-1)
WEIGHT_DECAY = LogUniform(1e-5, 1e-1)
MOMENTUM = Choice((0.9,))
BATCH_SIZE = Choice((64, 128, 256))
EPOCHS = Integers(1, most_epochs)
UNIT = Uniform(0.0, 1.0)
# theirs begins at 0, by which a temperature cannot divide
TEMPERATURE = Uniform(0.25, 5.0)

GENERIC: Mapping[str, Space] = {"lr": LR, "weight_decay": WEIGHT_DECAY, "batch_size": BATCH_SIZE, "epochs": EPOCHS}
"""What Deep Unlearn searches for every method, beside MOMENTUM where the default is another."""
