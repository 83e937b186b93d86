"""Margins of some models on samples, from the files of any program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from unlearnkit.artifacts.tables import read_table
from unlearnkit.errors import ArtifactError
from unlearnkit.score.arrays import TENSORS, array_in, tensors_in
from unlearnkit.score.margin_folders import ours_in, table_in
from unlearnkit.score.margin_table import FORMS, NUMBER, SPLIT, MarginTable, checked


def read_margin_table(path: Path) -> MarginTable:
    """Return the margins in a file or folder; of files with several epochs those of the last.

    Raises ArtifactError, naming the file, if it is none of `FORMS`.
    """
    if not path.exists():
        raise ArtifactError(f"{path} does not exist", expected=FORMS)
    if path.is_dir():
        return table_in(path)
    tensors = dict.fromkeys(TENSORS, _of_tensors)
    readers = {".parquet": _of_parquet, ".csv": _of_csv, ".npy": _of_npy, ".npz": _of_npz, **tensors}
    if path.suffix not in readers:
        raise ArtifactError(f"{path} has the ending '{path.suffix}'", expected=FORMS)
    return readers[path.suffix](path)


def _of_parquet(path: Path) -> MarginTable:
    table, facts = read_table(path)
    if facts and {SPLIT, NUMBER, "epoch"} <= {*table.column_names}:
        return ours_in(path, [path])
    return _of_columns(path, table)


def _of_csv(path: Path) -> MarginTable:
    try:
        table = pyarrow.csv.read_csv(path)
    except (OSError, pa.ArrowException) as error:
        raise ArtifactError(f"{path} is not a readable table ({error})", expected="columns with a heading") from None
    return _of_columns(path, table)


def _of_columns(path: Path, table: pa.Table) -> MarginTable:
    about = {SPLIT, NUMBER, "sample"}
    models = [name for name in table.column_names if name not in about]
    wrong = [name for name in models if not pa.types.is_floating(table[name].type) or table[name].null_count]
    if wrong or not models:
        fact = f"column {wrong[0]} of {path} is of type {table[wrong[0]].type}" if wrong else f"{path} has no model"
        raise ArtifactError(
            f"{fact}" + (", with gaps" if wrong and table[wrong[0]].null_count else ""),
            expected=f"numbers with a fraction in every column but {', '.join(sorted(about))}, one per model",
            remedy="remove columns that hold no margins",
        )
    margins = np.stack([table[name].combine_chunks().to_numpy(zero_copy_only=False) for name in models])
    split = np.asarray(table[SPLIT].to_pylist()) if SPLIT in table.column_names else None
    number = next((name for name in (NUMBER, "sample") if name in table.column_names), None)
    numbers = None if number is None else np.asarray(table[number].to_pylist())
    return checked(MarginTable(path, margins, split, _whole(path, numbers)))


def _of_npy(path: Path) -> MarginTable:
    return checked(MarginTable(path, array_in(path)))


def _of_npz(path: Path) -> MarginTable:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} is not readable ({error})", expected="a file of numpy.savez") from None
    return _of_named(path, arrays)


def _of_tensors(path: Path) -> MarginTable:
    found = tensors_in(path)
    return _of_named(path, found) if isinstance(found, dict) else checked(MarginTable(path, found))


def _of_named(path: Path, arrays: Mapping[str, NDArray[Any]]) -> MarginTable:
    margins = arrays.get("margins", next(iter(arrays.values())) if len(arrays) == 1 else None)
    if margins is None:
        raise ArtifactError(f"{path} holds {', '.join(arrays) or 'nothing'}", expected="an array `margins`")
    split, numbers = arrays.get(SPLIT), arrays.get(NUMBER)
    return checked(MarginTable(path, margins, split, _whole(path, numbers)))


def _whole(path: Path, numbers: NDArray | None) -> NDArray[np.int64] | None:
    if numbers is not None and not np.issubdtype(numbers.dtype, np.integer):
        raise ArtifactError(f"the sample numbers in {path} are of type {numbers.dtype}", expected="whole numbers")
    return None if numbers is None else numbers.astype(np.int64)


def read_forget_set(path: Path) -> NDArray[np.int64]:
    """Return the numbers in an .npy or .pt file; raises ArtifactError for all but whole numbers, each once."""
    numbers = array_in(path) if path.suffix in (".npy", *TENSORS) else np.empty(0)
    whole = np.issubdtype(numbers.dtype, np.integer)
    if numbers.ndim != 1 or not whole or not len(numbers) or len(np.unique(numbers)) < len(numbers):
        raise ArtifactError(
            f"{path} holds no forget set",
            expected="an .npy or .pt file with the numbers of the forgotten samples, each once [samples]",
            remedy="write numpy.flatnonzero(mask) of a mask" if numbers.dtype == bool else None,
        )
    return numbers.astype(np.int64)
