"""Every threshold that makes a difference: the cuts between the sorted values of all models, ties kept together."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from unlearnkit.metrics.attacks.epsilon.rules import Array, Rule, Sides

Codes = NDArray[np.intp]


class Cuts(NamedTuple):
    """Per sample, all cuts in rising order, and what lies below each.

    `values` [models, samples]: those of both sides, sorted. `places` [cuts, samples]: -inf, the midpoints between
    neighbours among the values, inf; the cut between equal values is that below them. `codes` [cuts, samples]: oracles
    below the cut, times (unlearned + 1), less the unlearned models below it. The rule "unlearned if between cuts a and
    b" then has its errors at codes[b] - codes[a] + unlearned of a flattened table [false positives, false negatives],
    and the opposite rule as far from the table's end.
    """

    values: Array
    places: Array
    codes: Codes
    unlearned: int

    @classmethod
    def of(cls, sides: Sides) -> Self:
        """Return the cuts of the values of both sides."""
        pooled = np.ascontiguousarray(np.concatenate(sides).T)
        order = np.argsort(pooled, axis=1)
        ordered = np.take_along_axis(pooled, order, axis=1).T
        steps = np.where(order < len(sides.unlearned), -1, len(sides.unlearned) + 1).T
        codes = np.zeros((len(ordered) + 1, ordered.shape[1]), np.intp)
        np.cumsum(steps, axis=0, out=codes[1:])
        places = np.full(codes.shape, np.inf)
        places[0] = -np.inf
        below, above = ordered[:-1], ordered[1:]
        middle = below + (above - below) / 2
        places[1:-1] = np.where(middle > below, middle, above)  # of two neighbouring numbers there is no midpoint
        if (tied := below == above).any():
            kept = np.tile(np.arange(len(codes))[:, None], codes.shape[1])
            kept[1:-1][tied] = 0
            kept = np.maximum.accumulate(kept, axis=0)
            places, codes = np.take_along_axis(places, kept, axis=0), np.take_along_axis(codes, kept, axis=0)
        return cls(ordered, places, codes, len(sides.unlearned))

    def best_above(self, worth: Array, *, either: bool) -> tuple[Array, Rule]:
        """Return the greatest worth [samples] of the rules "unlearned if above a cut", and the rule that has it.

        With `either` "unlearned if below a cut", too.
        """
        found = _worth(worth, either).take(self.codes[-1] - self.codes + self.unlearned)
        first = found.argmax(axis=0)
        return found.max(axis=0), self._rule(first, np.full_like(first, len(self.codes) - 1), worth, either)

    def best_between(self, worth: Array) -> tuple[Array, Rule]:
        """Return the greatest worth [samples] of the rules "unlearned if between two cuts", or unless, and the rule.

        Of equally good rules it is one with the most values between its cuts.
        """
        table, count = _worth(worth, either=True), len(self.codes)
        best, values_between = np.full(self.codes.shape[1], -np.inf), np.zeros(self.codes.shape[1], np.intp)
        for between in range(1, count):
            found = table.take(self.codes[between:] - self.codes[:-between] + self.unlearned).max(axis=0)
            np.copyto(values_between, between, where=found >= best)
            np.maximum(best, found, out=best)
        last = np.minimum(np.arange(count)[:, None] + values_between, count - 1)
        found = table.take(np.take_along_axis(self.codes, last, axis=0) - self.codes + self.unlearned)
        first = np.where(np.arange(count)[:, None] + values_between < count, found, -np.inf).argmax(axis=0)
        return best, self._rule(first, first + values_between, worth, either=True)

    def _rule(self, first: Codes, last: Codes, worth: Array, either: bool) -> Rule:
        low, high = (np.take_along_axis(self.places, at[None], axis=0)[0] for at in (first, last))
        begin, end = (np.take_along_axis(self.codes, at[None], axis=0)[0] for at in (first, last))
        at = end - begin + self.unlearned
        inside = worth.ravel().take(at) >= worth.ravel()[::-1].take(at) if either else np.ones(len(at), bool)
        return Rule(low, high, inside)


def _worth(worth: Array, either: bool) -> Array:
    """The flattened table; with `either` what a rule or its opposite is worth, whichever is more."""
    flat = worth.ravel()
    return np.maximum(flat, flat[::-1]) if either else flat
