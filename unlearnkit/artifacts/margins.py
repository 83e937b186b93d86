"""Margin files: one row per (epoch, split, sample), one float32 column per model index.

Columns: `epoch` int32, `split` ("train", "validation" or "test"), `sample_index` int32 (position within the split),
`model_0000`, ... float32 margins in nats, and `correct_0000`, ... bool: whether the label was the model's first choice,
which a margin below zero leaves open.

A sequence has many labels. Files of sequences hold `targets` int32, how many one has; `model_0000` is the mean of their
margins, `correct_0000` float32 the share of them that is the model's first choice, `margin_min_0000` the smallest
margin and `loss_sum_0000` the sum of their losses, float32 in nats.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from unlearnkit.artifacts.tables import read_table, write_table
from unlearnkit.errors import ArtifactError, repair

OTHERS = ("loss_sum", "margin_min")
"""Values per model and sequence beside the margin."""


@dataclass(frozen=True)
class Margins:
    """Margins of some models on samples: float32 `margins` and `correct` [models, samples], at one epoch.

    `correct` is bool, or float32 where a sample has several targets and this is the share that is right. Such samples
    have `others`, "margin_min" and "loss_sum" -> float32 [models, samples], and `targets` int32 [samples].
    """

    margins: np.ndarray
    correct: np.ndarray
    model_indices: tuple[int, ...]
    split: np.ndarray
    sample_index: np.ndarray
    others: Mapping[str, np.ndarray] = field(default_factory=dict)
    targets: np.ndarray | None = None

    @property
    def losses(self) -> np.ndarray | None:
        """Mean losses over the targets, float64 [models, samples] in nats; None where margins alone are stored."""
        return None if self.targets is None else self.others["loss_sum"].astype(np.float64) / self.targets

    def value(self, name: str) -> np.ndarray:
        """Return what metrics compare, float32 [models, samples] in nats, higher for more confident models.

        `name` is "margin_mean" (for images: the margin), "margin_min", or "loss_mean", the negative mean loss. Raises
        ArtifactError if the samples are images, which have one target each, and another value than the first is asked.
        """
        if name == "margin_mean":
            return self.margins
        if (losses := self.losses) is None:
            raise ArtifactError(f"there is no value {name}", expected="margin_mean, the only value of images")
        return -losses.astype(np.float32) if name == "loss_mean" else self.others[name]

    def take_samples(self, rows: np.ndarray) -> Margins:
        """Return the margins on the samples at `rows` (indices or mask)."""
        return replace(
            self,
            margins=self.margins[:, rows],
            correct=self.correct[:, rows],
            split=self.split[rows],
            sample_index=self.sample_index[rows],
            others={name: values[:, rows] for name, values in self.others.items()},
            targets=None if self.targets is None else self.targets[rows],
        )

    def take_models(self, models: Sequence[int]) -> Margins:
        """Return the margins of the models with the indices `models`, in that order; raises ValueError if one lacks."""
        rows = [self.model_indices.index(index) for index in models]
        others = {name: values[rows] for name, values in self.others.items()}
        correct = self.correct[rows]
        return replace(self, margins=self.margins[rows], correct=correct, model_indices=tuple(models), others=others)


def write_margins(path: str | os.PathLike[str], margins: Mapping[int, Margins], facts: Mapping[str, Any]) -> None:
    """Write the margins of one shard, keyed by epoch, as one Parquet file."""
    first = next(iter(margins.values()))
    samples = len(first.sample_index)
    split = pa.array(np.tile(first.split, len(margins)).tolist()).dictionary_encode()
    columns: dict[str, Any] = {
        "epoch": np.repeat(np.array(list(margins), dtype=np.int32), samples),
        "split": split,
        "sample_index": np.tile(first.sample_index.astype(np.int32), len(margins)),
    }
    if first.targets is not None:
        columns["targets"] = np.tile(first.targets.astype(np.int32), len(margins))
    stored = {
        "model": [part.margins.astype(np.float32) for part in margins.values()],
        "correct": [part.correct for part in margins.values()],
        **{name: [part.others[name].astype(np.float32) for part in margins.values()] for name in first.others},
    }
    for name, parts in stored.items():
        for row, model in enumerate(first.model_indices):
            columns[f"{name}_{model:04d}"] = np.concatenate([part[row] for part in parts])
    write_table(path, pa.table(columns), facts)


def read_margins(paths: Sequence[str | os.PathLike[str]]) -> dict[int, Margins]:
    """Read the shards of one population and return epoch -> Margins, models in the order of the files.

    Raises ArtifactError, naming the file, if a shard is damaged or does not fit the others.
    """
    if not paths:
        raise ArtifactError("no margin file is given", expected="the margin files of all shards that hold the models")
    shards = [_read_shard(path) for path in paths]
    indices = [index for shard in shards for index in next(iter(shard.values())).model_indices]
    if len(set(indices)) != len(indices):
        raise ArtifactError(f"{paths[-1]} holds a model index that another shard holds too", remedy=repair(paths[-1]))
    epochs = list(shards[0])
    for path, shard in zip(paths, shards, strict=True):
        reference = shards[0][epochs[0]]
        if list(shard) != epochs or not np.array_equal(shard[epochs[0]].sample_index, reference.sample_index):
            raise ArtifactError(f"{path} holds other epochs or samples than {paths[0]}", remedy=repair(path))
    return {epoch: _concatenate([shard[epoch] for shard in shards]) for epoch in epochs}


def read_selection(
    paths: Sequence[str | os.PathLike[str]], selection: Sequence[tuple[str, int, int]]
) -> dict[int, Margins]:
    """Read models from one or more populations: for each (folder, first, stop), those with index first..stop-1.

    `folder` is the end of the folder's path ("oracle/random_50"). Raises ArtifactError if `paths` do not hold one of
    the models.
    """
    pools: list[dict[int, Margins]] = []
    for folder, first, stop in selection:
        own = [path for path in paths if f"/{Path(path).parent.as_posix()}".endswith(f"/{folder}")]
        if not own:
            raise ArtifactError(f"no margin file of {folder} among {', '.join(map(str, paths))}")
        pools.append({epoch: _take(part, range(first, stop), folder) for epoch, part in read_margins(own).items()})
    return {epoch: _concatenate([pool[epoch] for pool in pools]) for epoch in pools[0]}


def _take(margins: Margins, models: range, folder: str) -> Margins:
    missing = sorted(set(models) - set(margins.model_indices))
    if missing:
        raise ArtifactError(f"no margins of model {missing[0]} of {folder}", expected="one column per model index")
    return margins.take_models(models)


def _read_shard(path: str | os.PathLike[str]) -> dict[int, Margins]:
    table, _ = read_table(path)
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    indices = [match[1] for name in columns if (match := re.fullmatch(r"model_(\d+)", name))]
    needed = {"epoch", "split", "sample_index", *(f"correct_{index}" for index in indices)}
    others = [name for name in OTHERS if indices and f"{name}_{indices[0]}" in columns]
    if others:
        needed |= {"targets", *(f"{name}_{index}" for name in OTHERS for index in indices)}
    if not needed <= set(columns) or not indices:
        raise ArtifactError(
            f"{path} is not a margin file",
            expected="columns epoch, split, sample_index, model_* and correct_*",
            remedy=repair(path),
        )
    stored = {
        name: np.stack([_as_numpy(columns[f"{name}_{index}"]) for index in indices])
        for name in ("model", "correct", *others)
    }
    whole = Margins(
        stored["model"],
        stored["correct"],
        tuple(map(int, indices)),
        np.asarray(columns["split"].to_pylist()),
        _as_numpy(columns["sample_index"]),
        {name: stored[name] for name in others},
        _as_numpy(columns["targets"]) if others else None,
    )
    epoch_of_row = _as_numpy(columns["epoch"])
    return {int(epoch): whole.take_samples(epoch_of_row == epoch) for epoch in np.unique(epoch_of_row)}


def _as_numpy(column: pa.Array) -> np.ndarray:
    # not to_numpy, which imports pandas: a fifth of a second in every job
    if pa.types.is_boolean(column.type):
        return np.from_dlpack(column.cast(pa.uint8())).astype(bool)
    return np.from_dlpack(column)


def _concatenate(parts: Sequence[Margins]) -> Margins:
    return Margins(
        np.concatenate([part.margins for part in parts]),
        np.concatenate([part.correct for part in parts]),
        tuple(index for part in parts for index in part.model_indices),
        parts[0].split,
        parts[0].sample_index,
        {name: np.concatenate([part.others[name] for part in parts]) for name in parts[0].others},
        parts[0].targets,
    )
