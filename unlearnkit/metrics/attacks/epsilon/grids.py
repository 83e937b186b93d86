"""Equally spaced thresholds: which of the cuts between sorted values a grid has a point in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.metrics.attacks.epsilon.rules import Array

PER_UNIT = 100
"""Thresholds per nat. Source: the code of arXiv 2406.09073."""
ROUNDING = 1e-9
"""Of a step: a point so close above a value lies on it."""


def points_up_to(values: Array, start: Array, step: Array | float, count: Array | int) -> Array:
    """Return how many of `count` points, `step` apart from `start` on, are at most as large as each of `values`.

    `values` [values, samples], the others broadcast to it; returns whole numbers [..., values, samples].
    """
    found = values - start
    found /= step
    found += 1 + ROUNDING
    return np.clip(np.floor(found, out=found), 0, count, out=found)


def reached(points: Array, count: Array | int) -> NDArray[np.bool_]:
    """Return whether a grid has a point in each cut, bool [..., values + 1, samples], from `points_up_to` sorted ones.

    `count`, the number of its points, is [samples] or scalar.
    """
    found = np.empty((*points.shape[:-2], points.shape[-2] + 1, points.shape[-1]), bool)
    np.greater(points[..., 0, :], 0, out=found[..., 0, :])
    np.greater(points[..., 1:, :], points[..., :-1, :], out=found[..., 1:-1, :])
    np.greater(count, points[..., -1, :], out=found[..., -1, :])
    return found


def first_in(points: Array, cut: NDArray[np.intp]) -> Array:
    """Return the number of the first point of the grid in a cut of every sample, [samples]."""
    before = np.take_along_axis(points, np.maximum(cut - 1, 0)[None], axis=0)[0]
    return np.where(cut > 0, before, 0)


def directed(worth: Array, inside: NDArray[np.bool_]) -> tuple[Array, NDArray[np.intp]]:
    """Return -inf, the flattened table of a rule, and that of its opposite; and per sample where its own begins.

    So an index times whether the rule is possible gives its worth, faster than a choice after the look-up.
    """
    flat = worth.ravel()
    return np.concatenate([[-np.inf], flat, flat[::-1]]), np.where(inside, 1, 1 + flat.size)
