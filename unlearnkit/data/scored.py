"""What a metric reads beside margins, put beside the margins of the same models and samples."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from unlearnkit.artifacts.margins import Margins
from unlearnkit.artifacts.observations import Observed, read_selection
from unlearnkit.metrics.population import SPLITS, Observation, Population


def read_beside(
    paths: Sequence[str | os.PathLike[str]],
    selection: Sequence[tuple[str, int, int]],
    reads: Mapping[str, Mapping[str, Any]],
    margins: Mapping[int, Margins],
    split: npt.NDArray[np.str_],
) -> dict[int, dict[str, Observation]]:
    """Return epoch -> observation -> what it holds of the models of `margins` on their samples, as far as it was made.

    `reads` maps every observation that the metric reads to its settings, `split` [samples] says what the samples are
    for an unlearner. Originals are observed on the items of all forget sets; those that are no items for this one are
    left out. Raises ArtifactError as `read_selection` does.
    """
    files = {name: read_selection(paths, selection, name) for name in reads} if margins else {}
    return {
        epoch: {
            name: _beside(files[name][epoch], part, np.isin(split, settings["items"] or SPLITS))
            for name, settings in reads.items()
        }
        for epoch, part in margins.items()
    }


def populations(
    margins: Mapping[int, Margins],
    value: str,
    split: npt.NDArray[np.str_],
    beside: Mapping[int, Mapping[str, Observation]],
) -> dict[int, Population]:
    """Return epoch -> what a metric receives: the compared `value` (`Margins.value`), and what it reads `beside` it."""
    return {
        epoch: Population(part.value(value), part.correct, split, part.losses, observed=beside[epoch])
        for epoch, part in margins.items()
    }


def _beside(observed: Observed, margins: Margins, wanted: npt.NDArray[np.bool_]) -> Observation:
    """Return what is observed, in the order of the samples of `margins`; those that are not `wanted` are no items."""
    item_of = {sample: item for item, sample in enumerate(_samples(observed))}
    found = [(at, item_of.get(sample)) for at, sample in enumerate(_samples(margins)) if wanted[at]]
    kept = [(at, item) for at, item in found if item is not None]
    samples, items = np.array(kept, dtype=np.int64).reshape(-1, 2).T
    found = observed.take_samples(items)
    # what belongs to the samples is that of every model
    models = len(observed.model_indices)
    shared = {name: np.broadcast_to(values, (models, *values.shape)) for name, values in found.of_samples.items()}
    return Observation({**found.values, **shared}, samples)


def _samples(part: Observed | Margins) -> list[tuple[str, int]]:
    return list(zip(part.split.tolist(), part.sample_index.tolist(), strict=True))
