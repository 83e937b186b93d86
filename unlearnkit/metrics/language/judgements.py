"""What metrics compute of judgements: shares of those that are there, and how many replies could not be read."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unlearnkit.metrics.population import Observation

Floats = NDArray[np.float64]


def count(values: Floats) -> Floats:
    """Return how many of `values` [models, items] are defined, [models]; NaN if none is, of any model."""
    found = (~np.isnan(values)).sum(axis=1).astype(np.float64)
    return found if found.any() else np.full_like(found, np.nan)


def share(values: Floats, counted: NDArray) -> Floats:
    """Return the mean of `counted` [models, items] where `values` are defined, [models]; NaN for none."""
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(there, counted, 0.0).sum(axis=1) / there.sum(axis=1)


def unread_share(judged: Observation, kind: Literal["verdicts", "scores"]) -> Floats:
    """Return the share of replies of this kind that could not be read, [models], of the observation `judged`.

    0 for a model of which none was asked for, and NaN if none was, of any model.
    """
    asked, unread = (judged[f"{name}_{kind}"].sum(axis=1).astype(np.float64) for name in ("asked", "unread"))
    return unread / np.maximum(asked, 1) if asked.any() else np.full_like(asked, np.nan)


def of_all(values: Floats, unread: Floats, most_unread: float) -> Floats:
    """Return `values` [models], or NaN for all if one has none, or more than `most_unread` of its replies are `unread`.

    The mean of the models that a judge replied to would be of fewer models, and of those that it finds easy.
    """
    unusable = np.isnan(values) | (unread > most_unread)
    return np.full_like(values, np.nan) if unusable.any() else values
