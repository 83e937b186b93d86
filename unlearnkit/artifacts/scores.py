"""Score files: the values of a metric, one row per (epoch, split, sample or model), one column per measure.

A metric of the axis "population" has one row per epoch and split.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from unlearnkit.artifacts.tables import read_table, write_table

Values = Mapping[str, Mapping[str, np.ndarray]]
"""Measure -> split -> values, NaN where undefined."""


def write_scores(
    path: str | os.PathLike[str],
    values: Mapping[int, Values],
    indices: Mapping[str, np.ndarray] | np.ndarray | None,
    facts: Mapping[str, Any],
) -> None:
    """Write the values of a metric, keyed by epoch, as Parquet; undefined values become nulls.

    `indices` are the sample indices of every split (column `sample_index`), or the model indices (column
    `model_index`); None where one value stands for all.
    """
    tables = [
        _rows(epoch, split, by_measure, indices)
        for epoch, by_measure in values.items()
        for split in dict.fromkeys(split for by_split in by_measure.values() for split in by_split)
    ]
    write_table(path, pa.concat_tables(tables), facts)


def read_final_scores(path: str | os.PathLike[str], measure: str) -> dict[str, np.ndarray]:
    """Read one measure at the last epoch of a score file: split -> float64 values, undefined ones as NaN."""
    table, _ = read_table(path)
    return _at_last_epoch(table, table[measure].combine_chunks().fill_null(np.nan))


def read_final_samples(path: str | os.PathLike[str]) -> dict[str, np.ndarray] | None:
    """Read the sample indices of the values of `read_final_scores`: split -> int32; None without values per sample."""
    table, _ = read_table(path)
    if "sample_index" not in table.column_names:
        return None
    return _at_last_epoch(table, table["sample_index"].combine_chunks())


def _at_last_epoch(table: pa.Table, column: pa.Array) -> dict[str, np.ndarray]:
    epoch, split = (table[name].combine_chunks() for name in ("epoch", "split"))
    last = np.from_dlpack(epoch) == np.from_dlpack(epoch).max()
    encoded = split.dictionary_encode()
    codes, values = np.from_dlpack(encoded.indices), np.from_dlpack(column)
    return {name: values[last & (codes == code)] for code, name in enumerate(encoded.dictionary.to_pylist())}


def _rows(epoch: int, split: str, values: Values, indices: Mapping[str, np.ndarray] | np.ndarray | None) -> pa.Table:
    key = "sample_index" if isinstance(indices, Mapping) else "model_index"
    identifiers = indices[split] if isinstance(indices, Mapping) else indices
    count = 1 if identifiers is None else len(identifiers)
    columns: dict[str, Any] = {
        "epoch": pa.array(np.full(count, epoch, dtype=np.int32)),
        "split": pa.array([split] * count),
    }
    if identifiers is not None:
        columns[key] = pa.array(identifiers.astype(np.int32))
    for measure, by_split in values.items():
        column = by_split.get(split, np.full(count, np.nan))
        columns[measure] = pa.array(np.asarray(column, dtype=np.float64), from_pandas=True)
    return pa.table(columns)
