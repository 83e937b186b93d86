"""Margin files: one row per (epoch, split, sample), one float32 column per model index.

Columns: `epoch` int32, `split` ("train", "validation" or "test"), `sample_index` int32 (position within the split),
`model_0000`, ... float32 margins in nats, and `correct_0000`, ... bool: whether the label was the model's first choice,
which a margin below zero leaves open.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from unlearnkit.artifacts.tables import read_table, write_table
from unlearnkit.errors import ArtifactError, repair


@dataclass(frozen=True)
class Margins:
    """Margins of some models on every sample: float32 `margins` and bool `correct` [models, samples], at one epoch."""

    margins: np.ndarray
    correct: np.ndarray
    model_indices: tuple[int, ...]
    split: np.ndarray
    sample_index: np.ndarray
    others: Mapping[str, np.ndarray] = field(default_factory=dict)


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
    for row, model in enumerate(first.model_indices):
        columns[f"model_{model:04d}"] = np.concatenate(
            [part.margins[row].astype(np.float32) for part in margins.values()]
        )
    for row, model in enumerate(first.model_indices):
        columns[f"correct_{model:04d}"] = np.concatenate([part.correct[row] for part in margins.values()])
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
    position = {index: row for row, index in enumerate(margins.model_indices)}
    missing = [index for index in models if index not in position]
    if missing:
        raise ArtifactError(f"no margins of model {missing[0]} of {folder}", expected="one column per model index")
    rows = [position[index] for index in models]
    return replace(margins, margins=margins.margins[rows], correct=margins.correct[rows], model_indices=tuple(models))


def _read_shard(path: str | os.PathLike[str]) -> dict[int, Margins]:
    table, _ = read_table(path)
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    names = [name for name in table.column_names if name.startswith("model_")]
    needed = {"epoch", "split", "sample_index", *(name.replace("model_", "correct_") for name in names)}
    if not needed <= set(columns) or not names:
        raise ArtifactError(
            f"{path} is not a margin file",
            expected="columns epoch, split, sample_index, model_* and correct_*",
            remedy=repair(path),
        )
    epoch_of_row = _as_numpy(columns["epoch"])
    margins = np.stack([_as_numpy(columns[name]) for name in names])
    correct = np.stack([_as_numpy(columns[name.replace("model_", "correct_")].cast(pa.uint8())) for name in names])
    split = np.asarray(columns["split"].to_pylist())
    sample_index = _as_numpy(columns["sample_index"])
    indices = tuple(int(name.removeprefix("model_")) for name in names)
    return {
        int(epoch): Margins(margins[:, rows], correct[:, rows].astype(bool), indices, split[rows], sample_index[rows])
        for epoch in np.unique(epoch_of_row)
        for rows in [epoch_of_row == epoch]
    }


def _as_numpy(column: pa.Array) -> np.ndarray:
    # not to_numpy, which imports pandas: a fifth of a second in every job
    return np.from_dlpack(column)


def _concatenate(parts: Sequence[Margins]) -> Margins:
    return Margins(
        np.concatenate([part.margins for part in parts]),
        np.concatenate([part.correct for part in parts]),
        tuple(index for part in parts for index in part.model_indices),
        parts[0].split,
        parts[0].sample_index,
    )
