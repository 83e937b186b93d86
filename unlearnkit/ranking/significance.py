"""Could a difference be chance? Tests over cells, corrected for their number.

They take cells for independent. Metrics of the same models are not, so p values over several metrics are too small;
those over many forget sets, or over experiments, are what they say. Source of the procedure: Demsar 2006 (JMLR 7).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, friedmanchisquare, studentized_range, wilcoxon

LEVEL = 0.05


def friedman(distances: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return statistic and p value of Friedman's test that all methods are alike, from distances [cells, methods].

    None for fewer than three methods or two cells, for which it is not defined, and where all methods tie everywhere.
    """
    cells, methods = distances.shape
    if methods < 3 or cells < 2 or (distances == distances[:, :1]).all():
        return None
    statistic, p = friedmanchisquare(*distances.T)
    return float(statistic), float(p)


def critical_difference(methods: int, cells: int, level: float = LEVEL) -> float | None:
    """Return by how much two mean ranks must differ, by Nemenyi's test, to differ at `level`; None as for `friedman`.

    q sqrt(k (k + 1) / (6 n)),    q = quantile of the studentized range of k methods / sqrt(2), n cells
    """
    if methods < 3 or cells < 2:
        return None
    quantile = studentized_range.ppf(1 - level, methods, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(methods * (methods + 1) / (6 * cells)))


def cliques(mean_ranks: NDArray[np.float64], difference: float) -> list[tuple[int, int]]:
    """Return the largest ranges of sorted methods that lie within `difference`, (first, last) positions, two or more.

    Positions are those in ascending order of `mean_ranks` [methods].
    """
    ordered = np.sort(mean_ranks)
    last = np.searchsorted(ordered, ordered + difference, side="right") - 1
    found = [(first, int(end)) for first, end in enumerate(last) if end > first]
    return [clique for at, clique in enumerate(found) if at == 0 or clique[1] > found[at - 1][1]]


def pairwise(scores: NDArray[np.float64]) -> list[tuple[int, int, float, float]]:
    """Return (method, method, p, p after Holm) of Wilcoxon's signed-rank test over cells for every pair of methods.

    `scores` [cells, methods], comparable between cells. A pair without any difference has p = 1. With n cells no p
    value is below 2^(1 - n).
    """
    pairs = list(itertools.combinations(range(scores.shape[1]), 2))
    p = [_wilcoxon(scores[:, a] - scores[:, b]) for a, b in pairs]
    return [(a, b, p_value, corrected) for (a, b), p_value, corrected in zip(pairs, p, holm(p), strict=True)]


def holm(p: Sequence[float]) -> list[float]:
    """Return p values corrected by Holm's step-down procedure, which bounds the chance of any false discovery.

    Source: Holm 1979 (Scand. J. Statist. 6).
    """
    values = np.asarray(p, float)
    order = np.argsort(values)
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)), 1)
    return corrected.tolist()


def false_discovery(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p values, of any shape, corrected by Benjamini and Hochberg's procedure; NaN stays and counts nowhere."""
    corrected, known = np.full(p.shape, np.nan), ~np.isnan(p)
    if known.any():
        corrected[known] = false_discovery_control(p[known])
    return corrected


def _wilcoxon(differences: NDArray[np.float64]) -> float:
    found: Any = wilcoxon(differences) if differences.any() else None
    return 1.0 if found is None else float(found.pvalue)
