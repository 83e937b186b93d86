"""Ranks, groups G1 to G3, and how sure they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from unlearnkit.ranking.cells import Cell

GROUPS = ("G1", "G2", "G3")
"""Best, middle and last."""


def ranks(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ranks of the methods in every cell, [cells, methods]: 1 is the nearest, ties share the mean rank."""
    return rankdata(distances, axis=-1)


def three_groups(scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the group of every score, 0 (lowest) to 2: the division into three with the least squared deviations.

    `scores` [methods]. One-dimensional k-means, solved exactly by trying every pair of cuts of the sorted scores; equal
    scores are never divided, so of three different scores or fewer each has a group of its own. Scaling or shifting all
    scores changes nothing.
    """
    different, group_of, counts = np.unique(scores, return_inverse=True, return_counts=True)
    if len(different) <= len(GROUPS):
        return group_of
    centred = different - different.mean()  # or squares of large scores would hide small spreads
    weight, first, second = (np.concatenate([[0.0], np.cumsum(counts * centred**power)]) for power in (0, 1, 2))

    def spread(start: NDArray[np.intp] | int, stop: NDArray[np.intp] | int) -> NDArray[np.float64]:
        sums = [total[stop] - total[start] for total in (weight, first, second)]
        return sums[2] - sums[1] ** 2 / sums[0]

    lower, upper = np.triu_indices(len(different) - 1, 1)
    lower, upper = lower + 1, upper + 1
    costs = spread(0, lower) + spread(lower, upper) + spread(upper, len(different))
    # of divisions that are equally good the one with the smallest best group: rounding must not decide
    best = np.argmax(costs <= costs.min() + 1e-9 * spread(0, len(different)))
    return np.searchsorted([lower[best], upper[best]], group_of, side="right")


def scores_of(distances: NDArray[np.float64], by_rank: bool) -> NDArray[np.float64]:
    """Return what groups are made of, lower is better, [methods]: the mean rank over cells, or the mean distance."""
    return (ranks(distances) if by_rank else distances).mean(axis=0)


def group_confidence(
    cells: Sequence[Cell], *, by_rank: bool, rng: np.random.Generator, resamples: int = 1000
) -> NDArray[np.float64]:
    """Return the share of bootstrap draws in which a method is in each group, [methods, 3]; rows add up to 1.

    A draw takes values as other models might have given them (`Cell.drawn_distances`), and of the cells as many as
    there are, with replacement.
    """
    values = np.array([cell.drawn_distances(rng, resamples) for cell in cells])
    taken = rng.integers(len(cells), size=(len(cells), resamples))
    drawn = values[taken, np.arange(resamples)]
    scores = (ranks(drawn) if by_rank else drawn).mean(axis=0)
    groups = np.array([three_groups(means) for means in scores])
    return np.stack([(groups == group).mean(axis=0) for group in range(len(GROUPS))], axis=1)
