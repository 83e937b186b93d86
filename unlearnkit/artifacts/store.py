"""Atomic writing, hashing and safetensors files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, Literal

import ml_dtypes
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from unlearnkit.artifacts.partial import partial_folder
from unlearnkit.errors import ArtifactError, cannot_write, repair

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
"""The type that NumPy lacks; importing ml_dtypes is what lets safetensors read and write it as an array."""

Check = Callable[[Path], None]

_checks: list[Check] = []


@contextlib.contextmanager
def checked_before_publishing(check: Check) -> Iterator[None]:
    """Within the block, call `check(path)` before any artifact gets its name; what it raises keeps the old one."""
    _checks.append(check)
    try:
        yield
    finally:
        _checks.remove(check)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path; flush what is written there to disk and rename it to `path` if the block succeeds.

    So `path` is either absent, its old self, or complete. Raises ArtifactError if the folder cannot be written.
    """
    path = Path(path)
    try:
        with partial_folder(path) as folder:
            temporary = folder / path.name
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.chmod(0o644)
            for check in _checks:
                check(path)
            temporary.replace(path)
    except (OSError, SafetensorError) as error:
        raise cannot_write(path, error) from None


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def remove_others(folder: str | os.PathLike[str], pattern: str, kept: Iterable[str]) -> None:
    """Remove the files in `folder` that match a glob pattern and are not among `kept`.

    A job calls it before it writes the record that its outputs share: what an earlier configuration wrote there as well
    (of a method or metric that is gone since) would have no record.
    """
    paths = {*map(Path, kept)}
    for path in Path(folder).glob(pattern):
        if path not in paths:
            path.unlink()


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a JSON file atomically, keys sorted."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read a JSON file; raises ArtifactError if it is missing or not JSON."""
    try:
        return _parse_json(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} is not a readable JSON file ({error})", remedy=repair(path)) from None


def write_array(path: str | os.PathLike[str], array: np.ndarray) -> None:
    """Write one array as .npy, atomically."""
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)


def read_array(path: str | os.PathLike[str]) -> np.ndarray:
    """Read one .npy array; raises ArtifactError if it is missing, truncated or pickled."""
    try:
        with Path(path).open("rb") as stream:
            return parse_npy(stream)
    except (OSError, ValueError, EOFError) as error:
        raise ArtifactError(f"{path} is not a readable .npy array ({error})", remedy=repair(path)) from None


def write_parts(path: str | os.PathLike[str], parts: Iterable[bytes | memoryview]) -> None:
    """Write a binary file of `parts`, one after the other, atomically."""
    with replacing(path) as temporary, temporary.open("wb") as stream:
        stream.writelines(parts)


def write_tensors(
    path: str | os.PathLike[str], tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None
) -> None:
    """Write named arrays and string metadata as one safetensors file, atomically and with reproducible bytes.

    The metadata is one JSON text under the key "unlearnkit", since safetensors writes several keys in any order.
    """
    # not ascontiguousarray, which gives scalars a dimension
    contiguous = {name: np.require(tensors[name], requirements="C") for name in sorted(tensors)}
    with replacing(path) as temporary:
        save_file(contiguous, temporary, {"unlearnkit": json.dumps(dict(metadata or {}), sort_keys=True)})


def parse_npy(stream: IO[bytes]) -> np.ndarray:
    """Return the only array of a .npy stream; raises OSError, ValueError or EOFError if it is anything else.

    Not np.load, which opens zip archives under any name and reads the first of several arrays.
    """
    try:
        array = np.lib.format.read_array(stream, allow_pickle=False)
    # NumPy parses the header as Python and lets these through where it is damaged or asks for more than there is
    except (SyntaxError, TokenError, TypeError, MemoryError, OverflowError, RecursionError) as error:
        raise ValueError(f"damaged header: {error}") from None
    if stream.read(1):
        raise ValueError("bytes follow the array: several were saved to one file, or it is damaged")
    return array


def npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and type of the array of a .npy stream without reading it; raises what `parse_npy` raises."""
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    # as in `parse_npy`
    except (SyntaxError, TokenError, TypeError, MemoryError, OverflowError, RecursionError) as error:
        raise ValueError(f"damaged header: {error}") from None
    return shape, dtype


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


class TensorFile:
    """A safetensors file opened for reading: names, metadata, and one array at a time."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            self._file = safe_open(self.path, framework="numpy")
            self.metadata: dict[str, str] = json.loads((self._file.metadata() or {}).get("unlearnkit", "{}"))
        except (OSError, ValueError, SafetensorError) as error:
            raise ArtifactError(f"{path} is not a readable safetensors file ({error})", remedy=repair(path)) from None
        self.names: list[str] = sorted(self._file.keys())

    def __getitem__(self, name: str) -> np.ndarray:
        try:
            return self._file.get_tensor(name)
        except SafetensorError as error:
            raise ArtifactError(f"{self.path} has no tensor '{name}' ({error})", remedy=repair(self.path)) from None

    def rows(self, name: str, indices: Iterable[int]) -> np.ndarray:
        """Return some rows (indices of the first axis) of a tensor and read no others."""
        try:
            tensor = self._file.get_slice(name)
            return np.concatenate([tensor[int(index) : int(index) + 1] for index in indices])
        except SafetensorError as error:
            raise ArtifactError(f"{self.path} lacks rows of '{name}' ({error})", remedy=repair(self.path)) from None

    def mapped(self, name: str, *dtypes: Literal["U8", "U16", "U32"]) -> np.ndarray:
        """Return a tensor of one of `dtypes`, by default uint8, as a copy-on-write map of the file: for gigabytes.

        It takes no memory of its own: jobs on one machine share the pages. Raises ArtifactError if there is no such
        tensor.
        """
        dtypes = dtypes or ("U8",)
        with self.path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            entry = json.loads(stream.read(length)).get(name, {})
        if (found := entry.get("dtype")) not in dtypes:
            kinds = " or ".join(dtypes)
            raise ArtifactError(f"{self.path} has no tensor '{name}' of type {kinds}", remedy=repair(self.path))
        start, stored = 8 + length + entry["data_offsets"][0], {"U8": "<u1", "U16": "<u2", "U32": "<u4"}[found]
        return np.asarray(np.memmap(self.path, stored, "c", start, tuple(entry["shape"])))


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """Return a SHA-256 of names, types, shapes and values, in hexadecimal: safetensors itself carries no checksum."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.require(arrays[name], requirements="C")
        # the code of a type that NumPy lacks, such as bfloat16, says its size alone
        kind = array.dtype.str if array.dtype.isbuiltin == 1 else array.dtype.name
        digest.update(f"{name} {kind} {array.shape}\n".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
