"""How much of what was forgotten an attack brings back, beyond what it brings to models that never knew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

LEVEL = 0.95
RESAMPLES = 1000
STATISTICS: Mapping[str, Callable[..., Any]] = {
    "mean": np.mean,
    "p95": lambda values, axis: np.percentile(values, 95, axis=axis),
}


class Regained(NamedTuple):
    """A difference of differences with its 95 % interval, None where there is none, and the number of values."""

    value: float | None
    low: float | None
    high: float | None
    values: int


def regained(
    before: NDArray,
    after: NDArray,
    oracle_before: NDArray,
    oracle_after: NDArray,
    *,
    statistic: str,
    rng: np.random.Generator,
) -> Regained:
    """Return [T(after) - T(before)] - [T(oracle_after) - T(oracle_before)] for a statistic T, "mean" or "p95".

    The four arrays hold values of the same samples, or of models of the same indices, in the same order; those that are
    NaN anywhere are left out. The unit is that of the values; 0: the attack changes the models as it changes oracles.
    The interval is the percentile bootstrap of the samples or models, drawn together from all four (scipy), None for
    fewer than two. Raises ValueError for arrays of different lengths.
    """
    values = np.stack([before, after, oracle_before, oracle_after]).astype(np.float64)
    values = values[:, ~np.isnan(values).any(axis=0)]
    of = STATISTICS[statistic]

    def difference(*parts: NDArray, axis: int = -1) -> Any:
        own_before, own_after, reference_before, reference_after = (of(part, axis=axis) for part in parts)
        return (own_after - own_before) - (reference_after - reference_before)

    if not (count := values.shape[1]):
        return Regained(None, None, None, 0)
    value = float(difference(*values))
    # values that are all alike have no spread to draw from
    if count < 2 or not np.ptp(values, axis=1).any():
        return Regained(value, None, None, count)
    drawn = bootstrap(
        tuple(values), difference, n_resamples=RESAMPLES, paired=True, method="percentile", vectorized=True, rng=rng
    )
    return Regained(value, float(drawn.confidence_interval.low), float(drawn.confidence_interval.high), count)
