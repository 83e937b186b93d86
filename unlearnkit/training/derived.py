"""Observations that are made of other observations, and of no weights: what one shard shows, beside its originals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from unlearnkit.artifacts.observations import Observed, read_observation
from unlearnkit.artifacts.replies import Replies
from unlearnkit.data.text.pair_set import Pair
from unlearnkit.errors import ArtifactError

Derive = Callable[["Shown"], Mapping[str, np.ndarray]]
"""`derive` of an observation, with its settings and the means of the job (unlearnkit.observations)."""

Epochs = Mapping[int, Observed]
"""Epoch -> what models show."""


@dataclass(frozen=True)
class Shown:
    """What the models of a shard show on some samples at one epoch: what is derived depends on nothing else.

    observed   observation that is read -> what the models show
    originals  the same of the originals, model k beside model k, where the observation NEEDS "originals"
    pairs      the questions and answers of the samples, where it NEEDS "pairs"
    training   those of all training samples, likewise: the same for all models
    """

    observed: Mapping[str, Observed]
    originals: Mapping[str, Observed]
    pairs: Sequence[Pair]
    training: Sequence[Pair] = ()


@dataclass(frozen=True)
class Means:
    """What a job lends: the device, the journal of replies, where it reports, and the folder of a judge's model.

    What is added to `facts` is stated in the record.
    """

    device: torch.device
    replies: Replies
    report: Callable[[str], None]
    base: Path | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def derived(
    derive: Derive,
    observed: Mapping[str, Epochs],
    originals: Mapping[str, Observed],
    items: Sequence[str] | None,
    forget_sets: Sequence[npt.NDArray[np.integer]],
    splits: Mapping[str, Sequence[Pair]],
) -> dict[int, Observed]:
    """Return, for every epoch, what `derive` makes of the samples `items` of `observed`, all if None.

    `originals` are as many models as `observed`, or one that stands for all. `splits` are the pairs of every
    split. Raises ArtifactError if an observation lacks a sample that the first of `observed` has.
    """
    result: dict[int, Observed] = {}
    for epoch, first in next(iter(observed.values())).items():
        frame = first.take_samples(_wanted(first, items, forget_sets))
        shown = Shown(
            {name: _on_samples(epochs[epoch], frame, name) for name, epochs in observed.items()},
            {name: _beside(part, frame, name) for name, part in originals.items()},
            [splits[split][index] for split, index in _samples(frame)] if splits else (),
            splits.get("train", ()),
        )
        made = derive(shown)
        of_samples = {name: array for name, array in made.items() if array.ndim == 1}
        values = {name: array for name, array in made.items() if name not in of_samples}
        result[epoch] = replace(frame, values=values, of_samples=of_samples)
    return result


def _wanted(
    part: Observed, items: Sequence[str] | None, forget_sets: Sequence[npt.NDArray[np.integer]]
) -> npt.NDArray[np.bool_]:
    """Return which samples are `items`: "forget" and "retain" of any of the forget sets, and other splits by name."""
    if items is None:
        return np.ones(len(part.sample_index), bool)
    training, chosen = part.split == "train", np.isin(part.split, [*items])
    for forget in forget_sets:
        forgotten = np.isin(part.sample_index, forget)
        chosen |= training & (forgotten if "forget" in items else False)
        chosen |= training & (~forgotten if "retain" in items else False)
    return chosen


def _on_samples(part: Observed, frame: Observed, name: str) -> Observed:
    """Return what is observed on the samples of `frame`, in their order."""
    item_of = {sample: item for item, sample in enumerate(_samples(part))}
    if missing := [sample for sample in _samples(frame) if sample not in item_of]:
        split, index = missing[0]
        raise ArtifactError(
            f"{name} of {len(missing)} samples is missing, such as that of {split} sample {index}",
            expected="observations on the same samples",
            remedy=f"let observations.{name}.items contain what is observed of it",
        )
    return part.take_samples(np.array([item_of[sample] for sample in _samples(frame)], np.int64))


def _beside(originals: Observed, frame: Observed, name: str) -> Observed:
    """Return what is observed of the originals, one beside every model of `frame`, on its samples."""
    found = _on_samples(originals, frame, name)
    rows = np.broadcast_to(np.arange(len(found.model_indices)), len(frame.model_indices))
    values = {value: array[rows] for value, array in found.values.items()}
    return replace(found, values=values, model_indices=frame.model_indices)


def _samples(part: Observed) -> list[tuple[str, int]]:
    return list(zip(part.split.tolist(), part.sample_index.tolist(), strict=True))


def read_each(paths: Sequence[str], names: Sequence[str]) -> dict[str, Epochs]:
    """Read files of several observations of one shard, known by the ends of their paths; raises ArtifactError."""
    return {
        name: read_observation([path], name) for name in names for path in paths if path.endswith(f".{name}.parquet")
    }


def read_originals(paths: Sequence[str], names: Sequence[str], *, first: bool) -> dict[str, Observed]:
    """Read what the originals show, who have one epoch; with `first`, what the first of them shows."""
    found = {name: part for name, epochs in read_each(paths, names).items() for part in epochs.values()}
    return {name: part.take_models(part.model_indices[: 1 if first else None]) for name, part in found.items()}
