"""Kernel-density likelihood ratio: a sum of normal kernels is fitted to either side."""

from __future__ import annotations

import numpy as np

from unlearnkit.metrics.attacks.epsilon.cuts import Cuts
from unlearnkit.metrics.attacks.epsilon.rules import Array, Rule, Sides


def kernel(fit: Sides, worth: Array) -> Rule:
    """Return the best threshold on log f_u(x) - log f_o(x), above which x is taken for unlearned.

    f are the kernel densities of both sides with Scott's bandwidth, n^(-1/5) times the standard deviation (divisor n -
    1, at least a thousandth of that of all).
    """
    deviations = fit.deviations()

    def ratio(values: Array) -> Array:
        ours, theirs = (_log_density(values, *pair) for pair in zip(fit, deviations, strict=True))
        return ours - theirs

    return Cuts.of(fit.map(ratio)).best_above(worth, either=False)[1]._replace(statistic=ratio)


def _log_density(values: Array, centres: Array, deviation: Array) -> Array:
    """Log density, less log sqrt(2 pi), of `values` [models, samples] under kernels at `centres` [kernels, samples]."""
    width = deviation * len(centres) ** -0.2
    scaled, places = (side / width * np.sqrt(0.5) for side in (values, centres))
    # one buffer for all kernels; relative to the nearest one, so that the sum is never empty
    buffer, nearest, total = np.empty(values.shape), np.full(values.shape, np.inf), np.zeros(values.shape)
    for place in places:
        np.minimum(nearest, _squares(scaled, place, buffer), out=nearest)
    for place in places:
        total += np.exp(np.subtract(nearest, _squares(scaled, place, buffer), out=buffer), out=buffer)
    return np.log(total / len(centres)) - nearest - np.log(width)


def _squares(values: Array, place: Array, out: Array) -> Array:
    return np.square(np.subtract(values, place, out=out), out=out)
