"""Gaussian likelihood ratio: a normal distribution is fitted to either side."""

from __future__ import annotations

import numpy as np

from unlearnkit.metrics.attacks.epsilon.cuts import Cuts
from unlearnkit.metrics.attacks.epsilon.rules import Array, Rule, Sides


def gaussian(fit: Sides, worth: Array) -> Rule:
    """Return the best threshold on log N(x; m_u, s_u) - log N(x; m_o, s_o), above which x is taken for unlearned.

    m are the means and s the standard deviations of both sides (divisor n - 1, at least a thousandth of that of all).
    """
    (m_u, m_o), (s_u, s_o) = (side.mean(axis=0) for side in fit), fit.deviations()

    def ratio(values: Array) -> Array:
        return (np.square((values - m_o) / s_o) - np.square((values - m_u) / s_u)) / 2 + np.log(s_o / s_u)

    return Cuts.of(fit.map(ratio)).best_above(worth, either=False)[1]._replace(statistic=ratio)
