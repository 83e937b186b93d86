"""How well values separate planted candidates from exact retraining: area under the ROC curve, power, models needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from unlearnkit.metrics.arena.trials import NULL

ALARMS, POWER = 0.05, 0.8
Row = dict[str, Any]


def area(clean: ArrayLike, planted: ArrayLike) -> float:
    """Return the area under the ROC curve: the share of pairs in which the planted value is higher, ties counting half.

    In [0, 1]; 0.5 if the values do not distinguish the two, below it if plants look better than what is exact.
    """
    clean, planted = np.asarray(clean, float), np.asarray(planted, float)
    ranks = rankdata(np.concatenate([clean, planted]))[len(clean) :]
    return float((ranks.sum() - len(planted) * (len(planted) + 1) / 2) / (len(clean) * len(planted)))


def power(clean: ArrayLike, planted: ArrayLike, alarms: float = ALARMS) -> float:
    """Return the share of planted values above the threshold that at most a share `alarms` of new clean ones exceeds.

    The threshold is the k-th smallest of T clean values, k = ceil((1 - alarms) (T + 1)): then a further clean value
    exceeds it with a probability of at most `alarms`. NaN for fewer than 1 / alarms - 1 clean values, which allow none.
    """
    ordered = np.sort(np.asarray(clean, float))
    rank = math.ceil((1 - alarms) * (len(ordered) + 1) - 1e-9)
    if rank > len(ordered):
        return math.nan
    return float(np.mean(np.asarray(planted, float) > ordered[rank - 1]))


def detections(trials: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return one row per measure, size and plant: its key, what is planted, auc, power, blind, models_needed.

    `trials` are the rows of `trials.run_trials` for one metric and forget set; the key is measure, models, kind, share.
    `planted` is the share in whole models or samples. `blind`: the area does not exceed 0.5 by
    two standard errors of chance. `models_needed`: the fewest models of the sizes tried from which on the power stays
    at 80 % or more at 5 % false alarms; None if it does not reach it.
    """
    values: dict[tuple[str, int, str, float], list[float]] = {}
    planted_at: dict[tuple[int, str, float], float] = {}
    for row in trials:
        values.setdefault((row["measure"], row["models"], row["kind"], row["share"]), []).append(row["value"])
        planted_at[row["models"], row["kind"], row["share"]] = row["planted"]
    rows = []
    for (measure, models, kind, share), planted in values.items():
        if kind == NULL:
            continue
        clean = values[measure, models, NULL, 0.0]
        found = area(clean, planted)
        chance = math.sqrt((len(clean) + len(planted) + 1) / (12 * len(clean) * len(planted)))
        key = {"measure": measure, "models": models, "kind": kind, "share": share}
        key["planted"] = planted_at[models, kind, share]
        rows.append({**key, "auc": found, "power": power(clean, planted), "blind": found <= 0.5 + 2 * chance})
    for row in rows:
        row["models_needed"] = _needed([other for other in rows if _same(row, other)])
    return rows


def _same(row: Row, other: Row) -> bool:
    return all(row[name] == other[name] for name in ("measure", "kind", "share"))


def _needed(rows: Sequence[Row]) -> int | None:
    """The fewest models from which on, up to the most that were tried, the power is enough."""
    needed = None
    for row in sorted(rows, key=lambda row: -row["models"]):
        if not row["power"] >= POWER:
            break
        needed = row["models"]
    return needed
