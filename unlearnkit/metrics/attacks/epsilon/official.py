"""The epsilon of the challenge's scoring code, as published."""

from __future__ import annotations

import numpy as np

from unlearnkit.metrics.attacks.epsilon.rates import BUCKET
from unlearnkit.metrics.attacks.epsilon.rules import Sides
from unlearnkit.metrics.attacks.epsilon.strongest import Found, strongest

ATTACKS = ("single_grid", "double_grid")
DELTA = 1e-5
CAP = 50.0
"""Stands for infinity."""
LIMIT = 45 * np.log(10)
"""Nats that a confidence from probabilities of at least 1e-45 does not exceed, as published: grids stay finite."""
TINY = 0.01
"""Of the larger range: a side whose values span less is distinguished without an attack."""


def official(sides: Sides) -> Found:
    """Return the published epsilon of every sample: of both grids in sample, CAP where it is infinite.

    Values are clipped to [-LIMIT, LIMIT]. Epsilon is CAP, too, where the smaller of both ranges is less than a
    hundredth of the larger, and 0 where no threshold is valid. Source: the code of arXiv 2406.09073, corrected where
    that fails: for several valid thresholds.
    """
    sides = sides.map(lambda values: np.clip(values, -LIMIT, LIMIT))
    found = strongest(sides, ATTACKS, delta=DELTA, held_out=False)
    ranges = np.stack([np.ptp(side, axis=0) for side in sides])
    tiny = ranges.min(axis=0) < TINY * ranges.max(axis=0)
    valid = found.valid | tiny
    return Found(np.where(tiny, CAP, np.where(valid, np.minimum(found.epsilon, CAP), 0)), valid)


def end_of_buckets(models: int) -> float:
    """Return where the published buckets end: at ceil(log(N - 1)), for N = 512 after 14 of them."""
    return max(BUCKET, float(np.ceil(np.log(models - 1))))
