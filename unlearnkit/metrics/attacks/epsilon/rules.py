"""What attacks receive and return: the values of both sides, and rules that accuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

SMALLEST_SPREAD = 1e-3
"""Of a side whose models (almost) agree, as a share of the standard deviation of all values."""


class Sides(NamedTuple):
    """The values of the unlearned models [models, samples] and of the oracles [oracles, samples], float64."""

    unlearned: Array
    oracle: Array

    @property
    def sizes(self) -> tuple[int, int]:
        """Number of oracles and of unlearned models, in the order of false positives and false negatives."""
        return len(self.oracle), len(self.unlearned)

    def deviations(self) -> tuple[Array, Array]:
        """Return the standard deviations (divisor n - 1) of both sides, [samples] each, at least SMALLEST_SPREAD."""
        floor = SMALLEST_SPREAD * np.concatenate(self).std(axis=0)
        # a side may agree, and both may where one half of the models is looked at
        floor = np.maximum(floor, np.finfo(np.float64).tiny ** 0.25)
        ours, theirs = (np.maximum(side.std(axis=0, ddof=1), floor) for side in self)
        return ours, theirs

    def map(self, function: Callable[[Array], Array]) -> Sides:
        """Return both sides with `function` applied."""
        return Sides(function(self.unlearned), function(self.oracle))


def unchanged(values: Array) -> Array:
    """Return the values as they are: the statistic of threshold attacks."""
    return values


class Rule(NamedTuple):
    """Per sample: accuse a model of being unlearned if low <= statistic < high, or unless it is, where not `inside`.

    `low` and `high` [samples], `inside` bool [samples]; `statistic` maps values [models, samples] to such.
    """

    low: Array
    high: Array
    inside: NDArray[np.bool_]
    statistic: Callable[[Array], Array] = unchanged

    def accuses(self, values: Array) -> NDArray[np.bool_]:
        """Return which models [models, samples] are taken for unlearned ones."""
        found = self.statistic(values)
        return ((self.low <= found) & (found < self.high)) == self.inside

    def errors(self, tested: Sides) -> tuple[Counts, Counts]:
        """Return the numbers of false positives and false negatives on `tested`, [samples] each."""
        missed = ~self.accuses(tested.unlearned)
        return self.accuses(tested.oracle).sum(axis=0), missed.sum(axis=0)
