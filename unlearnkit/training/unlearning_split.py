"""What models know and what they are to forget: of a forget set, of one that comes after others, or of a pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from unlearnkit.artifacts.membership import Membership, read_membership
from unlearnkit.artifacts.store import read_array
from unlearnkit.data.continual import new_rows
from unlearnkit.errors import ArtifactError
from unlearnkit.registry import PARTNERS
from unlearnkit.training.sets import Splits, UnlearningSplit


def read_split(dataset: Splits, inputs: Mapping[str, Any], models: int) -> UnlearningSplit | list[UnlearningSplit]:
    """Return `split_of` a data set by the files that a job unlearns `models` models with: name -> path or paths."""
    forget = read_array(inputs["forget_set"]) if inputs["forget_set"] else None
    pool = inputs["membership"]
    membership = read_membership(pool, models, dataset.train_size) if pool else None
    partners = _read_partners(inputs["partners"][0]) if inputs["partners"] else None
    return split_of(dataset, forget, [read_array(path) for path in inputs["earlier"]], membership, partners)


def _read_partners(path: str) -> Mapping[int, int]:
    from unlearnkit.artifacts.partners import read_partners  # images have no tables of partners

    return read_partners(path)


def split_of(
    dataset: Splits,
    forget_set: npt.NDArray[np.integer] | None,
    earlier: Sequence[npt.NDArray[np.integer]] = (),
    membership: Membership | None = None,
    partners: Mapping[int, int] | None = None,
) -> UnlearningSplit | list[UnlearningSplit]:
    """Return the split of a data set by a forget set, or one per model by the membership of a pool.

    Where requests come one after another, `forget_set` holds the rows of all of them up to the present one, and
    `earlier` those of all before it: the forget set is what is new, and no request is retained. `partners`, forget row
    -> retained row, become the view of that name, in the order of the forget set.
    """
    if membership:
        return UnlearningSplit.by_model(dataset, membership)
    assert forget_set is not None
    split = _after(dataset, forget_set, earlier) if earlier else UnlearningSplit.of(dataset, forget_set)
    return split if partners is None else _with_partners(split, partners)


def _after(
    dataset: Splits, forget_set: npt.NDArray[np.integer], earlier: Sequence[npt.NDArray[np.integer]]
) -> UnlearningSplit:
    known, forgotten = np.ones((1, dataset.train_size), bool), np.zeros((1, dataset.train_size), bool)
    known[:, earlier[0]] = False
    forgotten[:, new_rows(forget_set, earlier[0])] = True
    return UnlearningSplit.by_model(dataset, Membership(known, forgotten))[0]


def _with_partners(split: UnlearningSplit, partners: Mapping[int, int]) -> UnlearningSplit:
    """Return a split with the partners of its forget rows; raises ArtifactError if one has none."""
    rows = split.forget.tolist()
    if missing := [row for row in rows if row not in partners]:
        raise ArtifactError(
            f"{len(missing)} of {len(rows)} forget sequences have no partner, sequence {missing[0]} among them",
            remedy="delete the file of partners and give the same command again",
        )
    partner_rows = torch.tensor([partners[row] for row in rows])
    return replace(split, views={**split.views, PARTNERS: partner_rows})
