"""Exact nearest neighbours of vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CHUNK = 4096
"""Rows that are compared at once."""


def nearest(
    queries: NDArray[np.float32], rows: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the places in `rows` [n, w] of the `count` nearest to each of `queries` [q, w], and their distances.

    Both are [q, min(count, n)], nearest first, of equally near ones the lowest place first. Distances are Euclidean and
    those of float64: |a|^2 + |b|^2 - 2 a b in float32 chooses all rows that may be among the nearest, by a bound on its
    rounding, and only these are measured as sqrt(sum (a - b)^2). Raises ValueError without a row, and for
    values that are not finite.
    """
    if not len(rows) or not (np.isfinite(queries).all() and np.isfinite(rows).all()):
        raise ValueError("no rows, or vectors that are not finite")
    count = min(count, len(rows))
    places, distances = np.zeros((len(queries), count), np.int64), np.zeros((len(queries), count))
    for number, candidates in enumerate(_candidates(queries, rows, count)):
        exact = np.square(queries[number].astype(np.float64) - rows[candidates].astype(np.float64)).sum(axis=1)
        first = np.lexsort((candidates, exact))[:count]
        places[number], distances[number] = candidates[first], np.sqrt(exact[first])
    return places, distances


def _candidates(queries: NDArray[np.float32], rows: NDArray[np.float32], count: int) -> list[NDArray[np.int64]]:
    """Return for every query the places of all rows that may be among its nearest, ascending."""
    sizes = np.square(rows).sum(axis=1)
    query_sizes = np.square(queries).sum(axis=1)
    squared = np.empty((len(queries), len(rows)), np.float32)
    for first in range(0, len(rows), CHUNK):
        part = slice(first, first + CHUNK)
        squared[:, part] = query_sizes[:, None] + sizes[part] - 2 * (queries @ rows[part].T)
    # a sum of w products in float32 is off by at most about w 2^-24 of the sum of their sizes
    error = 8 * (rows.shape[1] + 4) * 2.0**-24 * (query_sizes + sizes.max())
    limits = np.partition(squared, count - 1, axis=1)[:, count - 1] + 2 * error
    return [np.flatnonzero(near <= limit) for near, limit in zip(squared, limits, strict=True)]
