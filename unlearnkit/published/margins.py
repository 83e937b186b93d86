"""Margins of the published models of one shard, on the samples of our data set, and what was found out about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unlearnkit.artifacts.margins import Margins
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.errors import DataError
from unlearnkit.metrics.distribution.lacking import require_lacking
from unlearnkit.published.forget_sets import published_order
from unlearnkit.published.ours import files_with, margins_in
from unlearnkit.published.pieces import margins_of
from unlearnkit.published.pool import OURS, Pool

GAPS = {"gaps": ["correct"]}
"""What a margin file states where `correct` is not known of every sample."""


def fetched_margins(
    pool: Pool, samples: ImageSet, models: range, role: str, forget: NDArray[np.int64] | None = None, name: str = ""
) -> dict[int, Margins]:
    """Return epoch -> margins of published models of a role ("original", "oracle") on all `samples`.

    Of oracles, `forget` are the indices of the forget set `name`, which are compared with the published ones. Raises
    DataError, naming the file, for anything that is not as expected, and HubError for what cannot be fetched.
    """
    sizes = samples.split_sizes
    split = np.repeat([*sizes], [*sizes.values()])
    sample_index = np.concatenate([np.arange(size, dtype=np.int64) for size in sizes.values()])
    order = np.empty(0, np.int64) if forget is None else published_order(pool, sizes["train"], forget, name)
    if pool.stated["layout"] == OURS:
        population = role if forget is None else f"{role}/{pool.number}"
        return margins_in(pool, files_with(pool, population, models, ".margins.parquet"), models, split, sample_index)
    labels, classes = samples.labels, len(samples.class_names)
    margins, correct = margins_of(pool, models, labels, sizes["train"], order, classes, role)
    known = correct if np.isnan(correct).any() else correct.astype(bool)
    return {0: Margins(margins, known, tuple(models), split, sample_index)}


def facts_of_oracles(
    originals: Mapping[int, Margins], oracles: Mapping[int, Margins], forget: NDArray[np.int64], name: str, place: str
) -> dict[str, Any]:
    """Return what a record states of oracles of the forget set `name`; raises DataError as `require_lacking` does."""
    ours, theirs = next(iter(originals.values())), next(iter(oracles.values()))
    forgotten = np.where(np.isin(theirs.sample_index, forget), "forget", "retain")
    split = np.where(theirs.split == "train", forgotten, theirs.split)
    if not np.array_equal(ours.split, theirs.split):
        raise DataError(
            f"the margins of {place} are of {len(theirs.split)} samples and those of the originals of "
            f"{len(ours.split)}",
            expected="the same samples",
        )
    return require_lacking(ours.margins, theirs.margins, split, name, place)


def gaps_of(margins: Mapping[int, Margins]) -> dict[str, Any]:
    """Return what a margin file states about values that are not known, nothing if all are."""
    first = next(iter(margins.values()))
    return GAPS if first.targets is None and first.correct.dtype != bool else {}
