"""Forget sets of requests that come one after another: what has been asked for so far, and what is new at a request.

The file of a forget set that comes after others holds all rows of its request and of those before it, ascending: what
its oracles are trained without, and what its models are evaluated on as "forget". Its own are those that the file of
the request before does not hold.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from unlearnkit.errors import DataError

Indices = npt.NDArray[np.int64]


def asked_so_far(request: npt.NDArray[np.integer], earlier: npt.NDArray[np.integer], name: str, after: str) -> Indices:
    """Return the rows of a request and of those before it, int64, ascending.

    `request` holds the rows that forget set `name` asks for, `earlier` those of all requests up to forget set `after`.
    Published lists are nested: a request may hold all earlier rows, and then asks for the others. Raises DataError for
    one that holds some of the earlier rows only, or nothing new.
    """
    both = np.intersect1d(request, earlier)
    if not len(new_rows(request, earlier)):
        raise DataError(
            f"forget set '{name}' has only rows that have been unlearned with '{after}'",
            expected="a row or more that is new",
            remedy=f"let forget_sets.{name} ask for more rows, or for others",
        )
    if 0 < len(both) < len(np.unique(earlier)):
        raise DataError(
            f"forget set '{name}' shares {len(both)} of the {len(earlier)} rows that are forgotten up to '{after}', "
            f"row {both[0]} first",
            expected="all of them, as in nested lists, or none",
            remedy=f"state the rows of forget_sets.{name} in a file, without those of '{after}'; or, if both are drawn "
            f"at random, give it the seed of '{after}' and a larger size, which draws these rows and others, or a seed "
            "that draws none of them",
        )
    return np.union1d(request, earlier).astype(np.int64)


def new_rows(so_far: npt.NDArray[np.integer], earlier: npt.NDArray[np.integer]) -> Indices:
    """Return the rows that a request adds to those before it, int64, ascending."""
    return np.setdiff1d(so_far, earlier).astype(np.int64)
