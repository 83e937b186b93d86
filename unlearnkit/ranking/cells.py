"""Cells of a ranking: how far every method is from the ideal on one forget set by one metric, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

REFERENCE = "oracle"
"""The candidate that the oracles are: their value is the ideal of a measure to match, and the floor of any other."""
_UPPER = 0.975
"""The upper end of a 95 % interval as a quantile."""


@dataclass(frozen=True, eq=False)
class Cell:
    """The values of all methods on a forget set by the headline of a metric, a column per split.

    `values` [methods, splits] and `floor` [splits] are the headline's statistic of the methods and of the oracles, NaN
    where there is none (of oracles); `errors` and `floor_errors`, of the same shapes, their standard errors over
    models, NaN where unknown, with `freedom` and `floor_freedom` degrees of freedom. `direction` is "lower", "higher"
    or "match", `ideal` the end of the measure's range that is best, 0 where it has none.
    """

    forget_set: str
    metric: str
    direction: str
    ideal: float
    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    freedom: NDArray[np.float64]
    floor: NDArray[np.float64]
    floor_errors: NDArray[np.float64]
    floor_freedom: NDArray[np.float64]

    def distances(self) -> NDArray[np.float64]:
        """Return the distance of every method to the ideal, in the unit of the measure, mean over splits; [methods].

        Lower is better: value - ideal for "lower", ideal - value for "higher", |value - oracles' value| for "match".
        Where the range has no best end, distances are from 0 and may be negative.
        """
        return _distances(self, self.values, self.floor)

    def drawn_distances(self, rng: np.random.Generator, draws: int) -> NDArray[np.float64]:
        """Return `distances` of values as other models might have given them, [draws, methods].

        Values and floor are drawn from Student's t distributions with their standard errors and degrees of freedom.
        """
        sides = (self.values, self.errors, self.freedom), (self.floor, self.floor_errors, self.floor_freedom)
        values, floor = (
            mean + np.nan_to_num(error) * rng.standard_t(np.maximum(freedom, 1), (draws, *mean.shape))
            for mean, error, freedom in sides
        )
        return _distances(self, values, floor)

    def floor_p_values(self) -> NDArray[np.float64]:
        """Return how likely a value as far from the floor is if a method is at it, [methods]; NaN where unknown.

        Welch's t test of the difference to the oracles' value on every split: one-sided ("worse than the oracles"), for
        "match" two-sided. The smallest p value of the S splits counts S times.
        """
        error = np.hypot(self.errors, self.floor_errors)
        sign = {"lower": 1, "higher": -1, "match": 1}[self.direction]
        excess = sign * (self.values - self.floor)
        excess = np.abs(excess) if self.direction == "match" else excess
        # without any error a value differs or not
        steps = np.divide(excess, error, out=np.where(excess > 0, np.inf, 0.0), where=error != 0)
        sides = 2 if self.direction == "match" else 1
        p = np.minimum(sides * stdtr(self._freedom(), -steps), 1)
        p[~np.isfinite(error + excess)] = np.nan
        return np.minimum(p.min(axis=1) * p.shape[1], 1)

    def _freedom(self) -> NDArray[np.float64]:
        """Degrees of freedom of the differences to the floor, by Welch and Satterthwaite; [methods, splits]."""
        squared, floor = self.errors**2, self.floor_errors**2
        each = squared**2 / self.freedom + floor**2 / self.floor_freedom
        return np.divide((squared + floor) ** 2, each, out=np.ones_like(squared), where=each > 0)


def cells_of(
    rows: Sequence[Mapping[str, Any]], metric: str, declared: Any, methods: Sequence[str]
) -> tuple[list[Cell], dict[str, str]]:
    """Return the cells of a metric, one per forget set, and method -> why it has no value, for those that have none.

    `rows` are those of its table, at the last epoch of every candidate; `declared` gives AXIS, MEASURES, HEADLINE
    and STATISTIC. Methods without a value have NaN.
    """
    headline, statistic = declared.MEASURES[declared.HEADLINE], declared.STATISTIC
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
        splits = [name for name in headline["splits"] if (forget_set, REFERENCE, name) in at] or [
            name for name in headline["splits"] if any(key[0] == forget_set and key[2] == name for key in at)
        ]
        lines = [[at.get((forget_set, who, split)) for split in splits] for who in (*methods, REFERENCE)]
        values = np.array([[_value(row, statistic) for row in line] for line in lines])
        errors = np.array([[_error(row, statistic, declared.AXIS) for row in line] for line in lines])
        freedom = np.array([[_freedom(row, declared.AXIS) for row in line] for line in lines])
        for method, line in zip(methods, lines, strict=False):
            if failed := next((row for row in line if row and row["n_failed"]), None):
                without.setdefault(
                    method, f"{failed['n_failed']} of {failed['n_models']} models failed on {forget_set}"
                )
        direction = headline["direction"]
        ideal = headline["high" if direction == "higher" else "low"] or 0.0
        sides = ((values[at], errors[at], freedom[at]) for at in (slice(-1), -1))
        cells.append(Cell(forget_set, metric, direction, ideal, *next(sides), *next(sides)))
    return cells, without


def _value(row: Mapping[str, Any] | None, statistic: str) -> float:
    return np.nan if row is None or row[statistic] is None else row[statistic]


def _error(row: Mapping[str, Any] | None, statistic: str, axis: str) -> float:
    """Standard error over models, NaN where unknown.

    Of a mean over models it is sd / sqrt(n). Else it follows from the longer arm of the 95 % interval, since the range
    may cut the other: a quantile times the error, of Student's t by the jackknife, of the normal by the bootstrap.
    """
    if row is None:
        return np.nan
    if axis == "models" and statistic == "mean":
        return np.nan if row["sd"] is None else row["sd"] / np.sqrt(row["n_models"])
    low, high = (row.get(f"{statistic}_models_{end}") for end in ("low", "high"))
    if low is None or high is None:
        return np.nan
    quantile = ndtri(_UPPER) if axis == "models" else stdtrit(_freedom(row, axis), _UPPER)
    return max(row[statistic] - low, high - row[statistic]) / float(quantile)


def _freedom(row: Mapping[str, Any] | None, axis: str) -> float:
    """Degrees of freedom of that error: one less than the models, of the smaller side where both are drawn from."""
    if row is None:
        return np.nan
    oracles = None if axis == "models" else row.get("n_oracles")
    return max(1, (row.get("n_independent") or min(row["n_models"], oracles or row["n_models"])) - 1)


def _distances(cell: Cell, values: NDArray[np.float64], floor: NDArray[np.float64]) -> NDArray[np.float64]:
    if cell.direction == "match":
        return np.abs(values - floor[..., None, :]).mean(axis=-1)
    sign = 1 if cell.direction == "lower" else -1
    return (sign * (values - cell.ideal)).mean(axis=-1)
