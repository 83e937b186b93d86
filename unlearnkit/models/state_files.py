"""Weights from elsewhere: a state dict in a file, read without executing any code of it."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unlearnkit.artifacts.store import TensorFile
from unlearnkit.artifacts.torch_files import read_torch_file
from unlearnkit.artifacts.weights import State
from unlearnkit.errors import ArtifactError, DataError
from unlearnkit.models.arrays import to_array

WRAPPINGS = ("state_dict", "model_state_dict", "model")
"""Keys under which checkpoints of common training code keep the weights."""


def read_state(path: str, entry: str | None = None) -> State:
    """Return the tensors of a .safetensors file, or of a file that torch.save wrote.

    `entry` is the key of the checkpoint under which the weights lie; None: they are all that it holds, or lie under the
    only one of WRAPPINGS. Raises DataError if the file cannot be read, holds more than data, or has no such tensors.
    """
    if Path(path).suffix == ".safetensors":
        try:
            file = TensorFile(path)
        except ArtifactError:
            raise DataError(f"{path} is not a readable safetensors file", remedy="save it again") from None
        return {name: file[name] for name in file.names}
    return {name: to_array(tensor) for name, tensor in _weights(_loaded(path), path, entry).items()}


def read_fetched_state(path: str) -> State:
    """Return what `read_state` does, of a file from the hub: the unpickler of torch takes no part.

    Raises DataError as well for a file of torch.save that holds anything else than tensors, containers, numbers and
    text.
    """
    if Path(path).suffix == ".safetensors":
        return read_state(path)
    try:
        loaded = read_torch_file(Path(path))
    except ArtifactError as error:
        raise DataError(error.fact, expected=error.expected, remedy=error.remedy) from None
    # the arrays of the file cannot be written, and may have the other order of bytes
    return {
        name: np.array(array, array.dtype.newbyteorder("="), order="C")
        for name, array in _weights(loaded, path, None).items()
    }


def _loaded(path: str) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise DataError(
            f"{path} holds more than tensors, such as a whole module, and reading it would execute code",
            expected="a state dict",
            remedy="load it where you trust it and save the weights alone: torch.save(model.state_dict(), 'model.pt')",
        ) from None
    # torch raises many kinds for what is damaged or no archive at all
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, AttributeError) as error:
        raise DataError(
            f"{path} is not a file that torch can read ({str(error).splitlines()[0][:120]})",
            expected="a state dict that torch.save wrote, or a .safetensors file",
        ) from None


def _weights(loaded: Any, path: str, entry: str | None) -> Mapping[str, Any]:
    keys = list(loaded) if isinstance(loaded, Mapping) else []
    if entry is not None:
        found = [entry] if entry in keys and _is_state(loaded[entry]) else []
    elif _is_state(loaded):
        return loaded
    else:
        found = [key for key in WRAPPINGS if key in keys and _is_state(loaded[key])]
    if len(found) != 1:
        listed = f"the keys {', '.join(map(str, keys[:12]))}" if keys else f"an object of type {type(loaded).__name__}"
        raise DataError(
            f"{path} holds {listed}" + (f", and no tensors under '{entry}'" if entry else ""),
            expected="tensors by name, or a key with such",
            remedy="name the key under which the weights lie, as in `entry: state_dict`",
        )
    return loaded[found[0]]


def _is_state(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(isinstance(item, Tensor | np.ndarray) for item in value.values())
    )
