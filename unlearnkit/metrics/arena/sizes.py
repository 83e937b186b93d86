"""How many models does a metric need? Curves against N, the least difference that shows, and the N for a wanted one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import ndtri

from unlearnkit.metrics.arena.detection import ALARMS, POWER
from unlearnkit.metrics.arena.trials import NULL

Row = dict[str, Any]
REACH = float(ndtri(1 - ALARMS) + ndtri(POWER))
"""Standard deviations between the floor and a candidate that exceeds its 95 % quantile in 80 % of the cases: 2.49."""
REACH_OF_DISTANCES = float(ndtri(1 - ALARMS / 2) + ndtri(POWER)) - math.sqrt(2 / math.pi)
"""The same for distances |x|, in standard deviations of x: the quantile is at 1.96, the mean floor at 0.80; 2.00."""
FEWEST_SIZES = 3
LEAST_FIT = 0.9


def curves(trials: Sequence[Mapping[str, Any]], difference: float) -> list[Row]:
    """Return one row per measure and size: the floor, the originals, and what difference between them would show.

    `trials` are the rows of `trials.run_trials` for one metric and forget set. `floor` and `original` are means over
    trials of oracles against other oracles, and of originals in their place, `_low` and `_high` the central 95 %.
    A candidate whose expected value lies `detectable` above the floor's, and varies as much, exceeds the floor's 95 %
    quantile in 80 % of the cases: 2.49 standard deviations of the floor; where values are distances from a target,
    which have no sign, 2.00 root mean squares of the floor; None where the floor does not vary. `wanted` is the share
    `difference` of the gap between originals and floor at the most models, and `recommended` the N at which
    `detectable` falls to it (`extrapolated`); None with a `note` where that cannot be said.
    """
    values: dict[tuple[str, int, str], list[float]] = {}
    for row in trials:
        if row["kind"] == NULL or (row["kind"], row["share"]) == ("models", 1.0):
            values.setdefault((row["measure"], row["models"], row["kind"]), []).append(row["value"])
    distances = {row["measure"] for row in trials if row["distance"]}
    rows = []
    for measure in dict.fromkeys(key[0] for key in values):
        sizes = sorted({key[1] for key in values if key[0] == measure})
        detectable = _detectable_distance if measure in distances else _detectable
        sides = [(n, values[measure, n, NULL], values[measure, n, "models"]) for n in sizes]
        of_measure: list[Row] = [
            {**_row(measure, n, floor, original), "detectable": detectable(floor) or None}
            for n, floor, original in sides
        ]
        wanted = difference * (of_measure[-1]["original"] - of_measure[-1]["floor"])
        count, note = extrapolated(sizes, [row["detectable"] for row in of_measure], wanted)
        rows += [{**row, "wanted": wanted, "recommended": count, "note": note} for row in of_measure]
    return rows


def extrapolated(sizes: Sequence[int], detectable: Sequence[float | None], wanted: float) -> tuple[int | None, str]:
    """Return the number of models at which a wanted difference is detectable, and why not where it cannot be said.

    The law is detectable = a N^-b, fitted to the logarithms by least squares. It is used only if there are at least
    three sizes, 0.2 <= b <= 2, and it explains 90 % of the variance; and for at most ten times the most models that
    were tried.
    """
    if not wanted > 0:
        return None, "originals are not worse than the floor"
    known = [value for value in detectable if value]
    if len(sizes) < FEWEST_SIZES or len(known) < len(sizes):
        return None, f"fewer than {FEWEST_SIZES} sizes at which the floor varies"
    points, levels = np.log(sizes), np.log(known)
    slope, intercept = np.polyfit(points, levels, 1).tolist()
    if not (0.2 <= -slope <= 2 and np.corrcoef(points, levels)[0, 1] ** 2 >= LEAST_FIT):
        return None, "the detectable difference follows no power law of N"
    count = math.ceil(math.exp((math.log(wanted) - intercept) / slope) - 1e-9)
    if count > 10 * max(sizes):
        return None, f"more than ten times the {max(sizes)} models that were tried"
    return max(2, count), ""


def _row(measure: str, models: int, floor: Sequence[float], original: Sequence[float]) -> Row:
    row: Row = {"measure": measure, "models": models}
    for name, values in (("floor", floor), ("original", original)):
        low, high = np.quantile(values, [0.025, 0.975]).tolist()
        row |= {name: float(np.mean(values)), f"{name}_low": low, f"{name}_high": high}
    return row


def _detectable(floor: Sequence[float]) -> float:
    return REACH * float(np.std(floor, ddof=1))


def _detectable_distance(floor: Sequence[float]) -> float:
    return REACH_OF_DISTANCES * math.sqrt(float(np.mean(np.square(floor))))
