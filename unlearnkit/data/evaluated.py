"""Which samples models are evaluated on, where they are too many for all: validation, forget set, and some retained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from unlearnkit.artifacts.margins import Margins
from unlearnkit.seeds import derive_seed

Indices = npt.NDArray[np.int64]


def rows_of(
    split_sizes: Mapping[str, int], settings: Mapping[str, Any], forget_sets: Iterable[npt.NDArray[np.integer]]
) -> Indices:
    """Return the rows of a data set, training split first, that models are evaluated on, ascending.

    `settings` is a rule's configuration slice: without "evaluated" these are all rows. Otherwise: the validation
    split, the forget sets, and for each of these `retain` other training samples (all if there are fewer): the first
    ones outside it of one random order of the training split, which the base seed draws. So what one forget set needs
    does not depend on the others. With "items" (an observation's), only these of them.
    """
    train_size, samples, forget_sets = split_sizes["train"], sum(split_sizes.values()), list(forget_sets)
    rows = np.arange(samples)
    if "evaluated" in settings:
        training = [_needed(forget, settings) for forget in forget_sets]
        rows = np.unique(np.concatenate([*training, np.arange(train_size, samples)]))
    return np.intersect1d(rows, _items(split_sizes, settings["items"], forget_sets)) if "items" in settings else rows


def _items(
    split_sizes: Mapping[str, int], items: Sequence[str], forget_sets: Sequence[npt.NDArray[np.integer]]
) -> Indices:
    """Return the rows of named sets: "forget" and "retain" of every forget set, and other splits by their names."""
    of_split = np.repeat([*split_sizes], [*split_sizes.values()])
    training = np.arange(split_sizes["train"])
    parts = [np.flatnonzero(of_split == name) for name in items]
    for forget in forget_sets:
        parts += [forget] if "forget" in items else []
        parts += [np.setdiff1d(training, forget)] if "retain" in items else []
    return np.concatenate(parts).astype(np.int64)


def needed_by(
    forget: npt.NDArray[np.integer], margins: Mapping[int, Margins], settings: Mapping[str, Any]
) -> dict[int, Margins]:
    """Return margins, keyed by epoch, on the samples that one forget set needs: originals share theirs among all sets.

    `settings` is a rule's configuration slice, as for `rows_of`.
    """
    if "evaluated" not in settings:
        return dict(margins)
    training = _needed(forget, settings)
    return {
        epoch: part.take_samples((part.split != "train") | np.isin(part.sample_index, training))
        for epoch, part in margins.items()
    }


def _needed(forget: npt.NDArray[np.integer], settings: Mapping[str, Any]) -> Indices:
    train_size, retain = settings["evaluated"]["train_size"], settings["evaluated"]["retain"]
    seed = derive_seed(settings["seed"], "evaluation", 0, "retained_samples") % 2**32
    order = np.random.RandomState(seed).permutation(train_size)
    return np.concatenate([forget.astype(np.int64), order[~np.isin(order, forget)][:retain]])
