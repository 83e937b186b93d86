"""Where to search a setting: ranges and choices, each a map from [0, 1], so that any search can draw from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Space(Protocol):
    """The values that a search may give to one setting."""

    def at(self, quantile: float) -> object:
        """Return the value at a quantile in [0, 1]; uniform quantiles give the space's own distribution."""
        ...


@dataclass(frozen=True)
class Uniform:
    """Real numbers from `low` to `high`, all equally likely."""

    low: float
    high: float

    def at(self, quantile: float) -> float:
        """Return low + quantile (high - low)."""
        return self.low + quantile * (self.high - self.low)


@dataclass(frozen=True)
class LogUniform:
    """Positive numbers from `low` to `high`, whose logarithms are equally likely."""

    low: float
    high: float

    def at(self, quantile: float) -> float:
        """Return low (high / low)^quantile, within the bounds also after rounding."""
        value = math.exp(math.log(self.low) + quantile * math.log(self.high / self.low))
        return min(max(value, self.low), self.high)


@dataclass(frozen=True)
class Integers:
    """Whole numbers from `low` to `high`, both included, all equally likely."""

    low: int
    high: int

    def at(self, quantile: float) -> int:
        """Return low + floor(quantile n) of the n numbers, `high` at quantile 1."""
        return min(self.low + math.floor(quantile * (self.high - self.low + 1)), self.high)


@dataclass(frozen=True)
class Choice:
    """One of several values, all equally likely."""

    values: tuple[object, ...]

    def at(self, quantile: float) -> object:
        """Return value number floor(quantile n) of n, the last one at quantile 1."""
        return self.values[min(math.floor(quantile * len(self.values)), len(self.values) - 1)]


# The vocabulary of Deep Unlearn (arXiv 2410.01276). Epochs: its bound is a fifth of the epochs of training, 10 for 50.
LR = LogUniform(1e-5, 1e-1)
WEIGHT_DECAY = LogUniform(1e-5, 1e-1)
BATCH_SIZE = Choice((64, 128, 256))
EPOCHS = Integers(1, 10)
UNIT = Uniform(0.0, 1.0)
# theirs begins at 0, by which a temperature cannot divide
TEMPERATURE = Uniform(0.25, 5.0)

GENERIC: Mapping[str, Space] = {"lr": LR, "weight_decay": WEIGHT_DECAY, "batch_size": BATCH_SIZE, "epochs": EPOCHS}
"""What Deep Unlearn searches for every method; momentum stays at its default."""
