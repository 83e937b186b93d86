"""The arrays in a .npz file: read one by one, without pickles, and never more of them than their headers state."""

from __future__ import annotations

import contextlib
import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from unlearnkit.artifacts.store import npy_header, parse_npy
from unlearnkit.errors import DataError

_HEADER = 2**16
"""Bytes that the header of an array has at most."""

_DAMAGED = (
    OSError,
    EOFError,
    KeyError,
    ValueError,
    RuntimeError,  # encrypted, or compressed in a way that zipfile does not know
    zipfile.BadZipFile,
    zlib.error,
)


class ArrayArchive:
    """A .npz file; every error is a DataError that names it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._reading("cannot be read"):
            self._zip = zipfile.ZipFile(path)
        self.names = {name.removesuffix(".npy") for name in self._zip.namelist() if name.endswith(".npy")}

    def __enter__(self) -> ArrayArchive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def header(self, name: str) -> tuple[tuple[int, ...], np.dtype]:
        """Return shape and type of an array without reading it; raises DataError unless the file has just that much."""
        with self._reading(f"has an array {name} that cannot be read"):
            member = self._zip.getinfo(f"{name}.npy")
            with self._zip.open(member) as stream:
                shape, dtype = npy_header(stream)
            if dtype.hasobject:
                raise ValueError("it holds Python objects, which could run code")
            stated = math.prod(shape) * dtype.itemsize
            if not stated < member.file_size <= stated + _HEADER:
                raise ValueError(f"it has {member.file_size} bytes for {dtype} values of the shape {list(shape)}")
        return shape, dtype

    def array(self, name: str) -> np.ndarray:
        """Return an array; raises DataError if it is damaged."""
        self.header(name)
        with self._reading(f"has an array {name} that cannot be read"), self._zip.open(f"{name}.npy") as stream:
            return parse_npy(stream)

    def error(self, problem: str, expected: str, remedy: str = "correct and save it again") -> DataError:
        """Return the error of this file."""
        return DataError(f"'{self.path}' {problem}", expected=expected, remedy=remedy)

    @contextlib.contextmanager
    def _reading(self, problem: str) -> Iterator[None]:
        try:
            yield
        except _DAMAGED as error:
            reason = " ".join(str(error).split())
            raise self.error(f"{problem} ({reason})", "an undamaged .npz file of plain arrays") from None
