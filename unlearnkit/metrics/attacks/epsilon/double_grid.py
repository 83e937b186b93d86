"""Double threshold on the grid of the challenge's scoring code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.metrics.attacks.epsilon.cuts import Cuts
from unlearnkit.metrics.attacks.epsilon.grids import PER_UNIT, directed, first_in, points_up_to, reached
from unlearnkit.metrics.attacks.epsilon.rules import Array, Rule, Sides

REACH = 2.0
"""Nats by which left edges vary, and right edges exceed the values. Source: the code of arXiv 2406.09073."""
LEFTS = 400
LEFT_STEP = 2 * REACH / (LEFTS - 1)
VALUES_PER_STEP = 50_000  # of right edges x cuts x samples that are looked at together


def double_grid(fit: Sides, worth: Array) -> Rule:
    """Return the best of the published pairs of edges; values from the left edge to below the right one are inside.

    Inside is the side with the smaller range w (the unlearned models, if both are equal). Right edges are ceil(100 L)
    equally spaced numbers over the L nats from the smallest value + w - 2 to the largest + 2; for each, left edges are
    400 equally spaced numbers up to 2 nats around the right edge - w. Source: the code of arXiv 2406.09073.
    """
    cuts = Cuts.of(fit)
    ours, theirs = (np.ptp(side, axis=0) for side in fit)
    inside, width = ours <= theirs, np.minimum(ours, theirs)
    table, begin = directed(worth, inside)
    start, stop = cuts.values[0] + width - REACH, cuts.values[-1] + REACH
    count = np.ceil(PER_UNIT * (stop - start))
    best, right = np.full_like(start, -np.inf), start
    together = max(1, VALUES_PER_STEP // cuts.codes.size)
    for first in range(0, int(count.max()), together):
        numbers = np.minimum(np.arange(first, first + together)[:, None], count - 1)
        edges = start + numbers * (stop - start) / (count - 1)
        found = _worth_of_lefts(cuts, table, begin, edges, edges - width - REACH)[0].max(axis=1)
        at = found.argmax(axis=0)
        found, edge = (np.take_along_axis(part, at[None], axis=0)[0] for part in (found, edges))
        right = np.where(found > best, edge, right)
        best = np.maximum(best, found)
    left = right - width - REACH
    found, points = (part[0] for part in _worth_of_lefts(cuts, table, begin, right[None], left[None]))
    return Rule(left + first_in(points, found.argmax(axis=0)) * LEFT_STEP, right, inside)


def _worth_of_lefts(
    cuts: Cuts, table: Array, begin: NDArray[np.intp], right: Array, left: Array
) -> tuple[Array, Array]:
    """What pairs of a right edge and a cut are worth, [edges, cuts, samples]; -inf where no left edge is in the cut.

    `right` and the first left edge, `left`, are [edges, samples]. Also returns the left edges up to each value.
    """
    points = points_up_to(cuts.values, left[:, None], LEFT_STEP, LEFTS)
    below = np.add.reduce(cuts.values < right[:, None], axis=1, dtype=np.intp)
    possible = reached(points, LEFTS)
    possible &= np.arange(len(cuts.codes))[:, None] <= below[:, None]
    end = np.take_along_axis(cuts.codes, below, axis=0) + cuts.unlearned + begin
    return table.take((end[:, None] - cuts.codes) * possible), points
