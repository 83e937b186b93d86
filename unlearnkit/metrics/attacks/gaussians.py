"""Gaussians fitted to the values of a sample with some models left out: what likelihood-ratio attacks compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 2
"""Values that a fit needs after some were left out."""
SD_FLOOR = 1e-3
"""Least standard deviation, in those of all values of the sample, so that equal values have a likelihood."""
LEAST_VARIANCE = 1e-12
"""Nats^2: of values that are all equal, far below what tells two margins apart in float32."""
_LOG_2PI = float(np.log(2 * np.pi))

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Moments:
    """Number, mean and variance of some values of every sample, [groups + 1, samples]: without each group, and of all.

    Row g leaves out the values of the models of group g, the last row none. The variance has divisor n - 1.
    """

    count: Floats
    mean: Floats
    variance: Floats

    @classmethod
    def of(cls, values: Floats, chosen: Bools, groups: Indices) -> Moments:
        """Return the moments of the `chosen` entries of `values` [models, samples].

        `groups` [models] are 0, 1, ... in rising order. Values should be centred, since squares are subtracted.
        """
        kept = np.where(chosen, values, 0.0)
        sums = (without_groups(part, groups) for part in (chosen.astype(np.float64), kept, kept * kept))
        count, total, squares = sums
        with np.errstate(invalid="ignore", divide="ignore"):  # where nothing is left
            mean = total / count
            variance = np.maximum(squares - total * mean, 0.0) / (count - 1)
        return cls(count, mean, variance)

    @property
    def defined(self) -> Bools:
        """Whether FEWEST values are left whatever is left out, bool [samples]."""
        return self.count.min(axis=0) >= FEWEST

    def all_of(self, columns: Indices) -> Indices:
        """Return the row of the fit that leaves out nothing, once for each of `columns`."""
        return np.full_like(columns, len(self.count) - 1)

    def log_density(self, values: Floats, rows: Indices, columns: Indices, least_variance: Floats) -> Floats:
        """Return log N(value; mean, variance) of single values, by the fits in `rows` of the samples `columns`.

        `least_variance` [samples] is the floor of the variance.
        """
        variance = np.maximum(self.variance, least_variance)
        precision, log_scale = 1 / variance, 0.5 * (np.log(variance) + _LOG_2PI)
        distance = values - self.mean[rows, columns]
        return -0.5 * distance * distance * precision[rows, columns] - log_scale[rows, columns]

    def standardised(self, values: Floats, rows: Indices, columns: Indices, least_variance: Floats) -> Floats:
        """Return (value - mean) / standard deviation of single values, with the same arguments as `log_density`."""
        scale = 1 / np.sqrt(np.maximum(self.variance, least_variance))
        return (values - self.mean[rows, columns]) * scale[rows, columns]


def least_variance(*populations: tuple[Floats, Bools]) -> Floats:
    """Return (SD_FLOOR x standard deviation of the chosen values of all populations)^2 of every sample, [samples].

    A population is (values, which of them count), [models, samples] each. Where all values are equal it is
    LEAST_VARIANCE, so that no value is likelier under one fit than under another.
    """
    count = sum(chosen.sum(axis=0) for _, chosen in populations)
    kept = [np.where(chosen, values, 0.0) for values, chosen in populations]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sum(part.sum(axis=0) for part in kept) / count
        variance = sum((part * part).sum(axis=0) for part in kept) / count - mean * mean
    return np.maximum(SD_FLOOR**2 * variance, LEAST_VARIANCE)


def without_groups(values: Floats, groups: Indices) -> Floats:
    """Return the sums over models without each group, then over all, [groups + 1, samples]; see `Moments.of`."""
    starts = np.searchsorted(groups, np.arange(groups[-1] + 1))
    sums = np.add.reduceat(values, starts, axis=0)
    total = sums.sum(axis=0)
    return np.concatenate([total - sums, total[None]])
