"""Arrays in single files of numpy.save and torch.save."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unlearnkit.artifacts.store import npy_header
from unlearnkit.artifacts.torch_files import read_torch_file
from unlearnkit.errors import ArtifactError

TENSORS = (".pt", ".pth")
"""Endings of files of torch.save."""


def array_in(path: Path) -> NDArray[Any]:
    """Return the array in an .npy file, not read yet, or the tensor in a .pt file; raises ArtifactError, naming it."""
    if path.suffix in TENSORS:
        found = tensors_in(path)
        if isinstance(found, Mapping):
            raise ArtifactError(f"{path} holds {', '.join(map(str, found)) or 'nothing'}", expected="one tensor")
        return found
    try:
        with path.open("rb") as stream:
            npy_header(stream)  # np.load would open zip archives under any name
        return np.load(path, allow_pickle=False, mmap_mode="r")
    except (OSError, ValueError, EOFError, TypeError, OverflowError) as error:
        raise ArtifactError(f"{path} is not a readable array ({error})", expected="a file of numpy.save") from None


def tensors_in(path: Path) -> NDArray[Any] | dict[str, Any]:
    """Return the tensor in a file of torch.save, or what a dict holds by name, not converted yet.

    Raises ArtifactError, naming the file.
    """
    found = read_torch_file(path)
    if isinstance(found, np.ndarray):
        return _plain(found)
    if not isinstance(found, Mapping):
        raise ArtifactError(f"{path} holds {type(found).__name__}", expected="a tensor, or a dict of tensors")
    return {str(name): value for name, value in found.items()}


def converted(path: Path, name: str, value: Any) -> NDArray[Any]:
    """Return what a dict holds under a name as an array; raises ArtifactError unless it is a tensor or rows of one."""
    try:
        if _rows(value, 2):
            return _plain(np.asarray(value))
    except ValueError:
        pass
    raise ArtifactError(f"{name} of {path} is no array but a {type(value).__name__}", expected="a tensor")


def _rows(value: Any, levels: int) -> bool:
    """Return whether lists lie in each other to this depth at most: NumPy unfolds all that they refer to."""
    return not isinstance(value, list | tuple) or (levels > 0 and all(_rows(item, levels - 1) for item in value))


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of a type that NumPy computes with: bfloat16 becomes float32, exactly."""
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array
