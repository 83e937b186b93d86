"""Single threshold on the grid of the challenge's scoring code: a hundred per nat."""

from __future__ import annotations

import numpy as np

from unlearnkit.metrics.attacks.epsilon.cuts import Cuts
from unlearnkit.metrics.attacks.epsilon.grids import PER_UNIT, directed, first_in, points_up_to, reached
from unlearnkit.metrics.attacks.epsilon.rules import Array, Rule, Sides


def single_grid(fit: Sides, worth: Array) -> Rule:
    """Return the best of the published thresholds, from which on a value is taken for one of the higher side.

    The higher side is the one with the larger median (the unlearned models, if both are equal). Thresholds are ceil(100
    R) equally spaced numbers from the smallest to the largest value, R apart. Source: the code of arXiv 2406.09073.
    """
    cuts = Cuts.of(fit)
    lowest, span = cuts.values[0], np.ptp(cuts.values, axis=0)
    count = np.ceil(PER_UNIT * span)
    step = np.divide(span, count - 1, where=count > 1, out=np.ones_like(span))
    inside = np.median(fit.unlearned, axis=0) >= np.median(fit.oracle, axis=0)
    table, begin = directed(worth, inside)
    points = points_up_to(cuts.values, lowest, step, count)
    at = cuts.codes[-1] - cuts.codes + cuts.unlearned + begin
    best = table.take(at * reached(points, count)).argmax(axis=0)
    return Rule(lowest + first_in(points, best) * step, np.full_like(span, np.inf), inside)
