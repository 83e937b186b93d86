"""Margins of some models on samples, from the files of any program."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from unlearnkit.artifacts.store import parse_npy
from unlearnkit.artifacts.tables import read_table
from unlearnkit.errors import ArtifactError
from unlearnkit.score.arrays import TENSORS, array_in, converted, tensors_in
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
    try:
        table, facts = read_table(path)
    except ArtifactError as error:
        raise ArtifactError(error.fact, remedy="write it again, or fetch it again") from None
    if facts and {SPLIT, NUMBER, "epoch"} <= {*table.column_names}:
        return ours_in(path, [path])
    return _of_columns(path, table)


def _of_csv(path: Path) -> MarginTable:
    try:
        table = pyarrow.csv.read_csv(path)
    except (OSError, pa.ArrowException) as error:
        raise ArtifactError(f"{path} is not a readable table ({error})", expected="columns with a heading") from None
    if len(table.column_names) == 1 and re.search("[;\t]", table.column_names[0]):
        raise ArtifactError(f"{path} separates columns by semicolons or tabs", expected="commas")
    return _of_columns(path, table)


def _of_columns(path: Path, table: pa.Table) -> MarginTable:
    about = {SPLIT, NUMBER, "sample"}
    if twice := [name for name, count in Counter(table.column_names).items() if count > 1]:
        raise ArtifactError(f"{path} has two columns '{twice[0]}'", expected="a name of its own for every column")
    models = [name for name in table.column_names if name not in about]
    if any(_is_fraction(name) for name in models):
        raise ArtifactError(f"{path} begins with a row of numbers", expected="a heading: a name for every column")
    if gaps := [name for name in models if table[name].null_count]:
        raise ArtifactError(
            f"column '{gaps[0]}' of {path} has {table[gaps[0]].null_count} gaps or NaN",
            expected="a finite margin of every model on every sample",
            remedy="leave out models that diverged, and report how many there were",
        )
    wrong = [name for name in models if not pa.types.is_floating(table[name].type)]
    if wrong or not models:
        raise ArtifactError(
            f"column '{wrong[0]}' of {path} is of type {table[wrong[0]].type}" if wrong else f"{path} has no model",
            expected=f"numbers with a fraction in every column but {', '.join(sorted(about))}, one per model",
            remedy="remove columns that hold no margins",
        )
    margins = np.stack([table[name].combine_chunks().to_numpy(zero_copy_only=False) for name in models])
    split = np.asarray(table[SPLIT].to_pylist()) if SPLIT in table.column_names else None
    number = next((name for name in (NUMBER, "sample") if name in table.column_names), None)
    numbers = None if number is None else np.asarray(table[number].to_pylist())
    return checked(MarginTable(path, margins, split, _whole(path, numbers)))


def _is_fraction(name: str) -> bool:
    """Return whether what should be the name of a column is a margin; models may be called 0, 1, 2."""
    return re.fullmatch(r"[+-]?\d*\.\d+(e[+-]?\d+)?", name, re.IGNORECASE) is not None


def _of_npy(path: Path) -> MarginTable:
    return checked(MarginTable(path, array_in(path)))


def _of_npz(path: Path) -> MarginTable:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
            return _of_named(path, names, lambda name: _in_archive(archive, name))
    except ArtifactError:
        raise
    # a damaged archive may raise nearly anything
    except Exception as error:
        raise ArtifactError(
            f"{path} is not readable ({type(error).__name__}: {error})", expected="a file of numpy.savez"
        ) from None


def _in_archive(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as stream:
        return parse_npy(stream)


def _of_tensors(path: Path) -> MarginTable:
    found = tensors_in(path)
    if not isinstance(found, dict):
        return checked(MarginTable(path, found))
    return _of_named(path, [*found], lambda name: converted(path, name, found[name]))


def _of_named(path: Path, names: Sequence[str], read: Callable[[str], NDArray[Any]]) -> MarginTable:
    """Return the table of a file with several arrays, of which `read` reads one; whatever else it holds is left."""
    if "margins" not in names and len(names) != 1:
        raise ArtifactError(f"{path} holds {', '.join(names) or 'nothing'}", expected="an array `margins`")
    margins = read("margins" if "margins" in names else names[0])
    split, numbers = (read(name) if name in names else None for name in (SPLIT, NUMBER))
    of_samples = numbers if split is None else split
    if of_samples is not None and of_samples.shape == margins.shape[:1] != margins.shape[1:]:
        margins = margins.T  # the file itself shows that it holds [samples, models]
    return checked(MarginTable(path, margins, split, _whole(path, numbers)))


def _whole(path: Path, numbers: NDArray | None) -> NDArray[np.int64] | None:
    if numbers is not None and not np.issubdtype(numbers.dtype, np.integer):
        raise ArtifactError(f"the sample numbers in {path} are of type {numbers.dtype}", expected="whole numbers")
    return None if numbers is None else numbers.astype(np.int64)


def read_forget_set(path: Path) -> NDArray[np.int64]:
    """Return the numbers in an .npy or .pt file; raises ArtifactError for all but whole numbers from 0, each once."""
    numbers = array_in(path) if path.suffix in (".npy", *TENSORS) else np.empty(0)
    whole = np.issubdtype(numbers.dtype, np.integer)
    sound = numbers.ndim == 1 and whole and len(numbers) and numbers.min() >= 0
    if not sound or len(np.unique(numbers)) < len(numbers):
        raise ArtifactError(
            f"{path} holds no forget set",
            expected="an .npy or .pt file with the numbers of the forgotten samples, from 0, each once [samples]",
            remedy="write numpy.flatnonzero(mask) of a mask" if numbers.dtype == bool else None,
        )
    return numbers.astype(np.int64)
