"""Logistic regression on the value."""

from __future__ import annotations

import numpy as np

from unlearnkit.metrics.attacks.epsilon.rules import Array, Rule, Sides
from unlearnkit.metrics.attacks.logistic import fit_logistic


def logistic(fit: Sides, worth: Array) -> Rule:
    """Return the rule of logistic regression on standardised values: unlearned where its probability is above 1/2.

    The objective is scikit-learn's default (L2 penalty on the slope, C = 1); `worth` is unused.
    """
    pooled = np.concatenate(fit)
    centre, deviation = pooled.mean(axis=0), pooled.std(axis=0)
    return linear_rule(fit, centre, np.where(deviation > 0, deviation, 1))


def linear_rule(fit: Sides, centre: Array | float = 0.0, scale: Array | float = 1.0) -> Rule:
    """Return the rule of logistic regression on (value - centre) / scale, both [samples] or scalar."""
    pooled = (np.concatenate(fit) - centre) / scale
    slope, intercept = fit_logistic(pooled.T, np.arange(len(pooled)) < len(fit.unlearned))

    def score(values: Array) -> Array:
        return slope * ((values - centre) / scale) + intercept

    # a probability of exactly 1/2 accuses nobody
    low = np.full(len(slope), np.finfo(np.float64).smallest_subnormal)
    return Rule(low, np.full(len(slope), np.inf), np.ones(len(slope), bool), score)
