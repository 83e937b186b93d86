"""What metrics compute of judgements: shares of those that are there, and how many replies could not be read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.metrics.population import Observation

Floats = NDArray[np.float64]


def count(values: Floats) -> Floats:
    """Return how many of `values` [models, items] are defined, [models]; NaN for none."""
    found = (~np.isnan(values)).sum(axis=1).astype(np.float64)
    return np.where(found > 0, found, np.nan)


def share(values: Floats, counted: NDArray) -> Floats:
    """Return the mean of `counted` [models, items] where `values` are defined, [models]; NaN for none."""
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(there, counted, 0.0).sum(axis=1) / there.sum(axis=1)


def readable(judged: Observation, most_unread: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the share of replies that could not be read, NaN where none was asked for, and whether that is few enough.

    Both [models], of the observation `judged`.
    """
    asked, unread = (judged[name].sum(axis=1).astype(np.float64) for name in ("asked", "unread"))
    with np.errstate(invalid="ignore"):
        found = unread / asked
    return found, ~(found > most_unread)
