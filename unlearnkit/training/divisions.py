"""What models know and what they are to forget: of a forget set, of one that comes after others, or of a pool."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from unlearnkit.artifacts.membership import Membership
from unlearnkit.data.continual import new_rows
from unlearnkit.training.sets import Division, Splits


def division_of(
    dataset: Splits,
    forget_set: npt.NDArray[np.integer] | None,
    earlier: Sequence[npt.NDArray[np.integer]] = (),
    membership: Membership | None = None,
) -> Division | list[Division]:
    """Return the division of a data set by a forget set, or one per model by the membership of a pool.

    Where requests come one after another, `forget_set` holds the rows of all of them up to the present one, and
    `earlier` those of all before it: the forget set is what is new, and no request is retained.
    """
    if membership:
        return Division.by_model(dataset, membership)
    assert forget_set is not None
    if not earlier:
        return Division.of(dataset, forget_set)
    known, forgotten = np.ones((1, dataset.train_size), bool), np.zeros((1, dataset.train_size), bool)
    known[:, earlier[0]] = False
    forgotten[:, new_rows(forget_set, earlier[0])] = True
    return Division.by_model(dataset, Membership(known, forgotten))[0]
