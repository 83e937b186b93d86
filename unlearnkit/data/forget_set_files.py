"""Index lists and per-sample scores from files; every error names the file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from unlearnkit.artifacts.store import parse_npy, sha256_of
from unlearnkit.errors import DataError

Reader = Callable[[Path], npt.ArrayLike]
_Number = TypeVar("_Number", int, float)
_Item = TypeVar("_Item", int, str)
_Read = TypeVar("_Read")

_SCORE_COLUMNS = ["sample_index", "score"]


def file_forget_set(path: Path, sha256: str | None = None) -> npt.NDArray[np.int64]:
    """Return the indices in a file, int64 [samples], in the file's order and never shortened.

    .npy: one-dimensional integers; .json: a list of integers; .txt, .csv: one integer per line. Raises DataError for
    anything else, and for a file whose SHA-256 is not `sha256`, if that is given.
    """
    readers: dict[str, Reader] = {".npy": _read_npy, ".json": _read_json, ".txt": _read_lines, ".csv": _read_lines}
    reader = _for_suffix(path, readers, "indices")
    indices = _indices(path, np.asarray(_read(path, reader)))
    _check_sha256(path, sha256)
    return indices


def read_names(path: Path, sha256: str | None = None) -> tuple[str, ...]:
    """Return the names of pictures in a file, in the file's order.

    .txt: one per line, without white space around it; .json: a list of texts. Raises DataError for anything else, for a
    file without names, and for one whose SHA-256 is not `sha256`, if that is given.
    """
    names = _read(path, _for_suffix(path, {".txt": _read_name_lines, ".json": _read_json_names}, "names"))
    if not names:
        raise _error(path, "is empty", "at least one name")
    _check_sha256(path, sha256)
    return tuple(names)


def read_scores(path: Path) -> npt.NDArray[np.float64]:
    """Return the per-sample scores in a file, float64 [samples], entry i belonging to training sample i.

    .npy: one-dimensional numbers; .csv: the columns sample_index and score, in any order, with every index 0..n-1
    exactly once. Raises DataError for anything else.
    """
    reader = _for_suffix(path, {".npy": _read_npy, ".csv": _read_score_table}, "scores")
    scores = np.asarray(_read(path, reader))
    if scores.ndim != 1 or scores.dtype.kind not in "fiu":
        raise _error(
            path, f"holds {scores.dtype} values of shape {list(scores.shape)}", "one number per training sample"
        )
    return scores.astype(np.float64)


def _check_sha256(path: Path, sha256: str | None) -> None:
    if sha256 is not None and (found := sha256_of(path)) != sha256:
        raise DataError(
            f"'{path}' is not the file that the configuration names: its SHA-256 is {found}",
            expected=sha256,
            remedy="fetch or make the file again, or correct the `sha256` key of the forget set",
        )


def _indices(path: Path, found: np.ndarray) -> npt.NDArray[np.int64]:
    if found.size == 0:
        raise _error(path, "is empty", "at least one index")
    if found.ndim != 1 or found.dtype.kind not in "iu" or (found > np.iinfo(np.int64).max).any():
        raise _error(
            path, f"holds {found.dtype} values of shape {list(found.shape)}", "a one-dimensional list of integers"
        )
    return found.astype(np.int64)


def _for_suffix(path: Path, readers: Mapping[str, Callable[[Path], _Read]], what: str) -> Callable[[Path], _Read]:
    if path.suffix not in readers:
        raise _error(path, f"has the unknown suffix '{path.suffix}'", f"{what} in {', '.join(readers)}")
    return readers[path.suffix]


def _read(path: Path, reader: Callable[[Path], _Read]) -> _Read:
    try:
        return reader(path)
    # ValueError covers damaged .npy and JSON, pickled objects, and text that is not a number
    except (OSError, EOFError, ValueError, csv.Error) as error:
        raise _error(path, f"cannot be read ({error})", "a file of the kind that its suffix states") from error


def _read_npy(path: Path) -> np.ndarray:
    with path.open("rb") as file:
        return parse_npy(file)


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")  # editors on Windows begin a file with a byte order mark


def _read_json(path: Path) -> list[int]:
    return _list_in(path, int, "integers")


def _read_json_names(path: Path) -> list[str]:
    return _list_in(path, str, "texts")


def _list_in(path: Path, kind: type[_Item], what: str) -> list[_Item]:
    try:
        found = json.loads(_read_text(path))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, list) or any(type(item) is not kind for item in found):
        raise ValueError(f"not a list of {what}")
    return found


def _read_name_lines(path: Path) -> list[str]:
    return [name for line in _read_text(path).split("\n") if (name := line.strip())]


def _read_lines(path: Path) -> list[int]:
    lines = enumerate(_read_text(path).split("\n"), start=1)
    return [_number(int, line.strip(), number) for number, line in lines if line.strip()]


def _number(kind: Callable[[str], _Number], text: str, line: int) -> _Number:
    try:
        # Python would take 1_0 for 10, and digits of other scripts
        if "_" in text or not text.isascii():
            raise ValueError
        return kind(text)
    except ValueError:
        name = "an integer" if kind is int else "a number"
        raise ValueError(f"line {line} is {text!a}, not {name} in the digits 0 to 9") from None


def _read_score_table(path: Path) -> np.ndarray:
    header, *rows = csv.reader(_read_text(path).split("\n"))
    if header != _SCORE_COLUMNS:
        raise ValueError(f"the header is {header}, not {_SCORE_COLUMNS}")
    lines = {line: row for line, row in enumerate(rows, start=2) if row}
    if any(len(row) != 2 for row in lines.values()):
        raise ValueError("a row does not have two columns")
    indices = np.array([_number(int, row[0], line) for line, row in lines.items()], np.int64)
    if not np.array_equal(np.sort(indices), np.arange(len(lines))):
        raise ValueError(f"sample_index does not hold every index 0..{len(lines) - 1} exactly once")
    scores = np.empty(len(lines))
    scores[indices] = [_number(float, row[1], line) for line, row in lines.items()]
    return scores


def _error(path: Path, problem: str, expected: str) -> DataError:
    return DataError(
        f"'{path}' {problem}", expected=expected, remedy="correct the file or the `file` key of the forget set"
    )
