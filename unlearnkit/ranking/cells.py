"""Cells of a ranking: how far every method is from the ideal on one forget set by one metric, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

REFERENCE = "oracle"
"""The candidate that the oracles are: their value is the ideal of a measure to match, and the floor of any other."""
_HALF_INTERVAL = float(norm.ppf(0.975))


@dataclass(frozen=True, eq=False)
class Cell:
    """The values of all methods on a forget set by the headline of a metric, a column per split.

    `values` [methods, splits] and `floor` [splits] are the headline's statistic of the methods and of the oracles, NaN
    where there is none (of oracles); `errors` and `floor_errors`, of the same shapes, their standard errors over
    models, NaN where unknown. `direction` is "lower", "higher" or "match", `ideal` the end of the measure's range that
    is best, 0 where it has none.
    """

    forget_set: str
    metric: str
    direction: str
    ideal: float
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    floor: NDArray[np.float64]
    floor_errors: NDArray[np.float64]

    def distances(self) -> NDArray[np.float64]:
        """Return the distance of every method to the ideal, in the unit of the measure, mean over splits; [methods].

        Lower is better: value - ideal for "lower", ideal - value for "higher", |value - oracles' value| for "match".
        Where the range has no best end, distances are from 0 and may be negative.
        """
        return _distances(self, self.values, self.floor)

    def drawn_distances(self, rng: np.random.Generator, draws: int) -> NDArray[np.float64]:
        """Return `distances` of values as other models might have given them, [draws, methods].

        Values and floor are drawn from normal distributions with their standard errors.
        """
        values, floor = (
            mean + np.nan_to_num(error) * rng.standard_normal((draws, *mean.shape))
            for mean, error in ((self.values, self.errors), (self.floor, self.floor_errors))
        )
        return _distances(self, values, floor)

    def floor_p_values(self) -> NDArray[np.float64]:
        """Return how likely a value as far from the floor is if a method is at it, [methods]; NaN where unknown.

        A test of the difference to the oracles' value on every split, normal with both standard errors: one-sided
        ("worse than the oracles"), for "match" two-sided. The smallest p value of the S splits counts S times.
        """
        error = np.hypot(self.errors, self.floor_errors)
        sign = {"lower": 1, "higher": -1, "match": 1}[self.direction]
        excess = sign * (self.values - self.floor)
        excess = np.abs(excess) if self.direction == "match" else excess
        # without any error a value differs or not
        steps = np.divide(excess, error, out=np.where(excess > 0, np.inf, 0.0), where=error != 0)
        sides = 2 if self.direction == "match" else 1
        p = np.minimum(sides * norm.sf(steps), 1)
        p[~np.isfinite(error + excess)] = np.nan
        return np.minimum(p.min(axis=1) * p.shape[1], 1)


def cells_of(
    rows: Sequence[Mapping[str, Any]], metric: str, declared: Any, methods: Sequence[str]
) -> tuple[list[Cell], dict[str, str]]:
    """Return the cells of a metric, one per forget set, and method -> why it has no value, for those that have none.

    `rows` are those of its table, at the last epoch of every candidate; `declared` gives MEASURES, HEADLINE,
    STATISTIC and, if only some splits of the headline count, RANKED_SPLITS. Methods without a value have NaN.
    """
    headline, statistic = declared.MEASURES[declared.HEADLINE], declared.STATISTIC
    ranked = getattr(declared, "RANKED_SPLITS", headline["splits"])
    last: dict[str, int] = {}
    for row in rows:
        last[row["candidate"]] = max(row["epoch"], last.get(row["candidate"], row["epoch"]))
    at = {
        (row["forget_set"], row["candidate"], row["split"]): row
        for row in rows
        if row["measure"] == declared.HEADLINE and row["epoch"] == last[row["candidate"]]
    }
    without: dict[str, str] = {}
    cells = []
    for forget_set in dict.fromkeys(row["forget_set"] for row in rows):
        splits = [name for name in ranked if (forget_set, REFERENCE, name) in at] or [
            name for name in ranked if any(key[0] == forget_set and key[2] == name for key in at)
        ]
        own = [[at.get((forget_set, who, split)) for split in splits] for who in (*methods, REFERENCE)]
        values, errors = (
            np.array([[read(row, statistic) for row in line] for line in own]) for read in (_value, _error)
        )
        for method, line in zip(methods, own, strict=False):
            if failed := next((row for row in line if row and row["n_failed"]), None):
                without.setdefault(
                    method, f"{failed['n_failed']} of {failed['n_models']} models failed on {forget_set}"
                )
        direction = headline["direction"]
        ideal = headline["high" if direction == "higher" else "low"] or 0.0
        cells.append(Cell(forget_set, metric, direction, ideal, values[:-1], errors[:-1], values[-1], errors[-1]))
    return cells, without


def _value(row: Mapping[str, Any] | None, statistic: str) -> float:
    return np.nan if row is None or row[statistic] is None else row[statistic]


def _error(row: Mapping[str, Any] | None, statistic: str) -> float:
    """Standard error over models: of the longer arm of the 95 % interval, since the range may cut the other."""
    low, high = (None if row is None else row.get(f"{statistic}_models_{end}") for end in ("low", "high"))
    if row is None or low is None or high is None:
        return np.nan
    return max(row[statistic] - low, high - row[statistic]) / _HALF_INTERVAL


def _distances(cell: Cell, values: NDArray[np.float64], floor: NDArray[np.float64]) -> NDArray[np.float64]:
    if cell.direction == "match":
        return np.abs(values - floor[..., None, :]).mean(axis=-1)
    sign = 1 if cell.direction == "lower" else -1
    return (sign * (values - cell.ideal)).mean(axis=-1)
