"""Token scores as metrics read them: lists with one entry per target, and NaN behind the last one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.metrics.population import Observation


def without_end(scores: Observation) -> NDArray[np.integer]:
    """Return how many targets count where the token that ends an answer does not, [models, items].

    `scores` are token scores. Only the last target is left out, and only where it ends an answer: extraction strength,
    exact memorisation and Min-K% ask what a model knows of the text, not whether it knows where to stop.
    """
    return scores["targets"] - scores["closed"]


def counted(counts: NDArray[np.integer], width: int) -> NDArray[np.bool_]:
    """Return which entries of lists of a `width` count, [..., width]: the first `counts` [...] of each."""
    return np.arange(width) < counts[..., None]


def mean_of_counted(values: NDArray, counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the mean of the first `counts` [...] entries of the lists `values` [..., width]; NaN where none counts."""
    inside = counted(counts, values.shape[-1])
    total = np.where(inside, values, 0).sum(axis=-1, dtype=np.float64)
    return total / np.where(counts > 0, counts, np.nan)
