"""Epsilon of an attack's error rates, and what it counts in the NeurIPS-2023 challenge."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

BUCKET = 0.5
"""Width of the buckets of epsilon: the score of an example is halved from each to the next."""

Array = NDArray[np.float64]


def epsilon_from_rates(fpr: ArrayLike, fnr: ArrayLike, *, delta: float, signed: bool = False) -> Array:
    """Return the epsilon that an attack with these error rates shows.

        epsilon = max(log((1 - delta - FPR) / FNR), log((1 - delta - FNR) / FPR))

    since FPR + e^epsilon FNR >= 1 - delta, and the same with both rates exchanged, hold for every attack on what is
    (epsilon, delta)-close. A branch whose numerator is not positive is dropped, a negative epsilon is 0 (kept with
    `signed`). `fpr` and `fnr` [...] in [0, 1], which broadcast; returns [...] in nats: infinity where both rates are 0,
    NaN (discarded: too few models to say) where exactly one is 0 or both branches are dropped. Higher means easier to
    distinguish. Source: Triantafillou et al. 2024 (arXiv 2406.09073).

    >>> float(epsilon_from_rates(0.02, 0.02, delta=1e-6).round(4))
    3.8918
    """
    first, second = np.broadcast_arrays(np.asarray(fpr, np.float64), np.asarray(fnr, np.float64))
    larger = np.fmax(_branch(first, second, delta), _branch(second, first, delta))
    larger = np.where((first == 0) & (second == 0), np.inf, np.where((first == 0) | (second == 0), np.nan, larger))
    return larger if signed else np.maximum(larger, 0)


def widened_epsilon(fpr: ArrayLike, fnr: ArrayLike, *, oracles: int, unlearned: int, delta: float) -> Array:
    """Return the epsilon of rates that count at least one error of `oracles` and of `unlearned` models.

    A rate of 0 is thus taken for the smallest that so many models can show. Arguments and result are those of
    `epsilon_from_rates`; the result is finite.
    """
    first, second = np.maximum(fpr, 1 / oracles), np.maximum(fnr, 1 / unlearned)
    return np.nan_to_num(epsilon_from_rates(first, second, delta=delta))


def largest_epsilon(*, oracles: int, unlearned: int, delta: float) -> float:
    """Return the largest finite epsilon that so many tested models can show: one error on either side.

    At n on both sides it is log((1 - delta) n - 1).

    >>> round(largest_epsilon(oracles=50, unlearned=50, delta=1e-6), 4)
    3.8918
    """
    return float(epsilon_from_rates(1 / oracles, 1 / unlearned, delta=delta))


def last_bucket_ends(largest: float) -> float:
    """Return where the bucket of the largest observable epsilon ends: what lies there or beyond scores 0."""
    return BUCKET * (np.floor(largest / BUCKET) + 1)


def bucket_score(epsilon: ArrayLike, *, end: float) -> Array:
    """Return what an example with this epsilon scores: 2^-floor(epsilon / 0.5), and 0 from `end` on.

    `epsilon` [...] in nats, not NaN; returns [...] in [0, 1], 1 below 0.5. Higher is better.

    >>> bucket_score([0.49, 0.5, 3.89, float("inf")], end=4.0).tolist()
    [1.0, 0.5, 0.0078125, 0.0]
    """
    value = np.maximum(np.asarray(epsilon, np.float64), 0)
    return np.where(value < end, np.exp2(-np.floor(np.minimum(value, end) / BUCKET)), 0.0)


def _branch(error: Array, other: Array, delta: float) -> Array:
    left = 1 - delta - error
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(left > 0, np.log(left / other), np.nan)
