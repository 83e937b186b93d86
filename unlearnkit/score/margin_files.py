"""Margins of some models on samples, from the files of any program."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from unlearnkit.artifacts.margins import read_margins
from unlearnkit.artifacts.tables import read_table
from unlearnkit.errors import ArtifactError

SPLIT, NUMBER = "split", "sample_index"
"""Columns of a table, and arrays of a .npz file, that are about samples; a table may call the second `sample`."""
FORMS = (
    "a .parquet or .csv table with a row per sample and a column per model, a .npy or .npz array [models, samples], "
    "a folder with margin files of unlearnkit, or one with an .npy array per model, as EasyDUB publishes"
)
FOLDERS = {"forget": "forget", "retain": "retain", "val": "validation", "validation": "validation", "test": "test"}
"""Folder of an .npy array per model -> split of its samples."""


@dataclass(frozen=True, eq=False)
class MarginTable:
    """Margins as a file holds them.

    path     file or folder
    margins  floating [models, samples], nats
    split    str [samples], None if the file does not state it
    numbers  int64 [samples], which sample each is (of its split, where there are splits), None if that is not stated
    """

    path: Path
    margins: NDArray[np.floating]
    split: NDArray[np.str_] | None = None
    numbers: NDArray[np.int64] | None = None

    @property
    def models(self) -> int:
        """Number of models."""
        return self.margins.shape[0]

    @property
    def samples(self) -> int:
        """Number of samples."""
        return self.margins.shape[1]


def read_margin_table(path: Path) -> MarginTable:
    """Return the margins in a file or folder; of files with several epochs those of the last.

    Raises ArtifactError, naming the file, if it is none of `FORMS`.
    """
    if not path.exists():
        raise ArtifactError(f"{path} does not exist", expected=FORMS)
    if path.is_dir():
        return _of_folder(path)
    readers = {".parquet": _of_parquet, ".csv": _of_csv, ".npy": _of_npy, ".npz": _of_npz}
    if path.suffix not in readers:
        raise ArtifactError(f"{path} has the ending '{path.suffix}'", expected=FORMS, remedy=_conversion(path))
    return readers[path.suffix](path)


def _conversion(path: Path) -> str | None:
    if path.suffix not in (".pt", ".pth"):
        return None
    return (
        "where torch is installed, convert it: python -c \"import torch, numpy; numpy.save('margins.npy', "
        f"torch.load('{path}', weights_only=True).numpy())\""
    )


def _of_folder(path: Path) -> MarginTable:
    if ours := sorted(path.glob("*.margins.parquet")):
        return _ours(path, ours)
    arrays = sorted(path.rglob("*.npy"), key=lambda file: ([int(part) for part in re.findall(r"\d+", file.name)], file))
    if not arrays:
        raise ArtifactError(f"the folder {path} holds no margins", expected=FORMS)
    by_split: dict[str, list[Path]] = {}
    for file in arrays:
        named = [FOLDERS[part] for part in file.relative_to(path).parts[:-1] if part in FOLDERS]
        by_split.setdefault(named[0] if named else "", []).append(file)
    if len({len(files) for files in by_split.values()}) > 1 or ("" in by_split and len(by_split) > 1):
        counts = ", ".join(f"{len(files)} in {name or 'no split'}" for name, files in by_split.items())
        raise ArtifactError(f"the folder {path} holds other numbers of arrays per split ({counts})", expected="as many")
    parts = {name: _stacked([_array(file) for file in files], files) for name, files in by_split.items()}
    margins = np.concatenate([*parts.values()], axis=1)
    if "" in parts:
        return _checked(MarginTable(path, margins))
    sizes = {name: part.shape[1] for name, part in parts.items()}
    numbers = np.concatenate([np.arange(size, dtype=np.int64) for size in sizes.values()])
    return _checked(MarginTable(path, margins, np.repeat([*sizes], [*sizes.values()]), numbers))


def _stacked(arrays: Sequence[NDArray], files: Sequence[Path]) -> NDArray:
    for array, file in zip(arrays, files, strict=True):
        if array.ndim != 1 or len(array) != len(arrays[0]):
            raise ArtifactError(
                f"{file} has shape {array.shape}, but {files[0]} has {arrays[0].shape}",
                expected="one array [samples] per model, of the same samples",
            )
    return np.stack(arrays)


def _ours(path: Path, files: Sequence[Path]) -> MarginTable:
    last = [*read_margins(files).values()][-1]
    return _checked(MarginTable(path, last.margins, last.split, last.sample_index.astype(np.int64)))


def _of_parquet(path: Path) -> MarginTable:
    table, facts = read_table(path)
    if facts and {SPLIT, NUMBER, "epoch"} <= {*table.column_names}:
        return _ours(path, [path])
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
    return _checked(MarginTable(path, margins, split, _whole(path, numbers)))


def _array(path: Path) -> NDArray:
    try:
        return np.load(path, allow_pickle=False, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} is not a readable array ({error})", expected="a file of numpy.save") from None


def _of_npy(path: Path) -> MarginTable:
    return _checked(MarginTable(path, _array(path)))


def _of_npz(path: Path) -> MarginTable:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} is not readable ({error})", expected="a file of numpy.savez") from None
    margins = arrays.get("margins", next(iter(arrays.values())) if len(arrays) == 1 else None)
    if margins is None:
        raise ArtifactError(f"{path} holds {', '.join(arrays) or 'nothing'}", expected="an array `margins`")
    split, numbers = arrays.get(SPLIT), arrays.get(NUMBER)
    return _checked(MarginTable(path, margins, split, _whole(path, numbers)))


def _whole(path: Path, numbers: NDArray | None) -> NDArray[np.int64] | None:
    if numbers is not None and not np.issubdtype(numbers.dtype, np.integer):
        raise ArtifactError(f"the sample numbers in {path} are of type {numbers.dtype}", expected="whole numbers")
    return None if numbers is None else numbers.astype(np.int64)


def read_forget_set(path: Path) -> NDArray[np.int64]:
    """Return the numbers in an .npy file; raises ArtifactError if it holds no vector of whole numbers."""
    numbers = _array(path) if path.suffix == ".npy" else np.empty(0)
    if numbers.ndim != 1 or not np.issubdtype(numbers.dtype, np.integer) or not len(numbers):
        raise ArtifactError(
            f"{path} holds no forget set",
            expected="an .npy file with the numbers of the forgotten samples, whole numbers [samples]",
            remedy="write numpy.flatnonzero(mask) of a mask" if numbers.dtype == bool else None,
        )
    return numbers.astype(np.int64)


def _checked(table: MarginTable) -> MarginTable:
    if table.margins.ndim != 2 or not np.issubdtype(table.margins.dtype, np.floating) or not table.margins.size:
        raise ArtifactError(
            f"{table.path} holds {table.margins.dtype} of shape {table.margins.shape}",
            expected="floating numbers [models, samples]",
        )
    for name, own in ((SPLIT, table.split), (NUMBER, table.numbers)):
        if own is not None and own.shape != (table.samples,):
            raise ArtifactError(
                f"{name} of {table.path} has shape {own.shape}",
                expected=f"one value for each of {table.samples} samples",
            )
    return table
