"""What every possible pair of error counts is worth to an attack: one table instead of logarithms per threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.metrics.attacks.epsilon.rates import epsilon_from_rates, widened_epsilon

Array = NDArray[np.float64]

DISCARDED = -1000.0
"""Is added to the epsilon of discarded pairs: any other is preferred to them."""


def worth_table(oracles: int, unlearned: int, delta: float) -> Array:
    """Return the epsilon of every number of errors, [false positives 0..oracles, false negatives 0..unlearned].

    Where the pair is discarded it is the widened epsilon less 1000, so a search for the greatest worth chooses a pair
    that is not discarded wherever there is one.
    """
    fpr, fnr = np.arange(oracles + 1)[:, None] / oracles, np.arange(unlearned + 1) / unlearned
    epsilon = epsilon_from_rates(fpr, fnr, delta=delta)
    widened = widened_epsilon(fpr, fnr, oracles=oracles, unlearned=unlearned, delta=delta)
    return np.where(np.isnan(epsilon), DISCARDED + widened, epsilon)
