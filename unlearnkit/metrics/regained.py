"""How much of what was forgotten an attack brings back, beyond what it brings to models that never knew.

Whether a value would be the same had other models been trained, and attacked, is a question of models, not of samples:
one oracle differs from another on all samples at once. So all errors here are standard errors over models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

LEVEL = 0.95


class Estimate(NamedTuple):
    """A value of a population (None: undefined), its standard error over models (None: unknown), and their number."""

    value: float | None
    error: float | None
    models: int


class Contrast(NamedTuple):
    """A sum and difference of estimates with its 95 % interval over models, None where there is none."""

    value: float | None
    low: float | None
    high: float | None


def of_models(values: NDArray) -> Estimate:
    """Return the mean of values of models, [models], with its standard error sd / sqrt(n); NaN are left out.

    The error is unknown for fewer than two models, and where all values are alike.
    """
    values = values[~np.isnan(values)].astype(np.float64)
    if not (count := len(values)):
        return Estimate(None, None, 0)
    error = float(np.std(values, ddof=1)) / math.sqrt(count) if count > 1 and np.ptp(values) else None
    return Estimate(float(np.mean(values)), error, count)


def of_interval(value: float | None, low: float | None, high: float | None, models: int) -> Estimate:
    """Return a value with the standard error that its 95 % interval states, value -+ t s at `models` - 1 degrees.

    Ends may be clipped to the range of a measure, so the further one counts. The error is unknown without an interval,
    and where it is a single point.
    """
    if value is None or low is None or high is None or models < 2:
        return Estimate(value, None, models)
    reach = max(value - low, high - value)
    return Estimate(value, reach / float(stdtrit(models - 1, (1 + LEVEL) / 2)) if reach > 0 else None, models)


def contrast(plus: Sequence[Estimate], minus: Sequence[Estimate]) -> Contrast:
    """Return the sum of `plus` minus that of `minus`, with its 95 % interval over models.

    The unit is that of the values. The interval is value -+ t s, s^2 the sum of the squares of all errors, t Student's
    at Welch and Satterthwaite's degrees of freedom, s^4 / sum(error^4 / (models - 1)): as if all were of different
    models, so of values before and after, which are of the same ones and usually rise and fall together, it is too wide
    rather than too narrow. None where an error is unknown; all None where a value is undefined.
    """
    values = [
        *(estimate.value for estimate in plus),
        *(None if estimate.value is None else -estimate.value for estimate in minus),
    ]
    defined = [value for value in values if value is not None]
    if len(defined) < len(values):
        return Contrast(None, None, None)
    value, all_of_them = math.fsum(defined), [*plus, *minus]
    known = [(estimate.error**2, estimate.models - 1) for estimate in all_of_them if estimate.error is not None]
    if len(known) < len(all_of_them):
        return Contrast(value, None, None)
    variance = math.fsum(squared_error for squared_error, _ in known)
    freedom = variance**2 / math.fsum(squared_error**2 / degrees for squared_error, degrees in known)
    reach = float(stdtrit(freedom, (1 + LEVEL) / 2)) * math.sqrt(variance)
    return Contrast(value, value - reach, value + reach)
