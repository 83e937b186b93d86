"""Arrays in single files of numpy.save and torch.save."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        return np.load(path, allow_pickle=False, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} is not a readable array ({error})", expected="a file of numpy.save") from None


def tensors_in(path: Path) -> NDArray[Any] | dict[str, NDArray[Any]]:
    """Return the tensor in a file of torch.save, or those of a dict by name; raises ArtifactError, naming the file."""
    found = read_torch_file(path)
    if isinstance(found, np.ndarray):
        return _plain(found)
    if not isinstance(found, Mapping):
        raise ArtifactError(f"{path} holds {type(found).__name__}", expected="a tensor, or a dict of tensors")
    return {str(name): _plain(np.asarray(value)) for name, value in found.items()}


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of a type that NumPy computes with: bfloat16 becomes float32, exactly."""
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array
