"""Reader of images and labels that were saved with torch.save, which checks what it finds and runs no code from it."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from unlearnkit.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

_CHUNK = 500
"""Images converted at a time; bounds the memory beside the result."""

_TOLERANCE = 0.25
"""Grey levels by which a floating value may miss a whole one; float16 of a normalised pixel is off by less than 0.1."""


def read_tensor_file(
    path: Path,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    *,
    classes: int,
    mean: Sequence[float],
    std: Sequence[float],
    source: str,
) -> None:
    """Fill `images` uint8 [samples, 3, side, side] and `labels` int64 [samples] with the first samples of a file.

    The file holds a pair: images [n, 3, side, side] or [n, side, side, 3] and integer labels [n], 0 .. classes - 1, n
    at least the number of samples. Images are uint8, or floating with values 0 .. 255, or floating and normalised by
    `mean` and `std` of pixels scaled to 0..1; floating values must be whole grey levels once that is undone. Raises
    DataError, naming the file, for anything else.
    """
    stored, stored_labels = _pair(path, _opened(path, source), source)
    if stored.ndim == 4 and stored.shape[1] != 3 and stored.shape[-1] == 3:
        stored = stored.permute(0, 3, 1, 2)
    _check_shape(path, stored, images.shape, source)
    labels[:] = _labels(path, stored_labels, len(stored), classes, source)[: len(labels)]
    normalised = stored.is_floating_point() and bool((stored[:_CHUNK] < 0).any())
    for first in range(0, len(images), _CHUNK):
        rows = slice(first, min(first + _CHUNK, len(images)))
        images[rows] = _grey_levels(path, stored[rows], (mean, std) if normalised else None, source)


def _opened(path: Path, source: str) -> Any:
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise _error(path, "holds more than tensors and was not opened", "a pair of tensors", source) from error
    # what torch raises for files that are missing, damaged or in its old format
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise _error(path, f"cannot be read ({reason[:200]})", "an undamaged file of torch.save", source) from error


def _pair(path: Path, found: Any, source: str) -> tuple[Tensor, Tensor]:
    import torch

    if not isinstance(found, tuple | list) or [isinstance(part, torch.Tensor) for part in found] != [True, True]:
        raise _error(path, f"holds a {type(found).__name__}", "a pair of tensors, images and labels", source)
    return found[0], found[1]


def _check_shape(path: Path, stored: Tensor, wanted: tuple[int, ...], source: str) -> None:
    import torch

    floating = (torch.float16, torch.bfloat16, torch.float32)
    if stored.dtype not in (torch.uint8, *floating):
        raise _error(path, f"holds images of type {stored.dtype}", "uint8, float16 or float32", source)
    if tuple(stored.shape[1:]) != wanted[1:] or len(stored) < wanted[0]:
        raise _error(
            path,
            f"holds images of shape {list(stored.shape)}",
            f"{list(wanted)}, of which the first number may be larger",
            source,
        )


def _labels(path: Path, stored: Tensor, samples: int, classes: int, source: str) -> npt.NDArray[np.int64]:
    if stored.is_floating_point() or stored.is_complex() or stored.numel() != samples:
        raise _error(
            path, f"holds labels {stored.dtype} of shape {list(stored.shape)}", f"{samples} whole numbers", source
        )
    labels = stored.flatten().numpy().astype(np.int64)
    if labels.min() < 0 or labels.max() >= classes:
        raise _error(path, f"holds labels {labels.min()}..{labels.max()}", f"0..{classes - 1}", source)
    return labels


def _grey_levels(
    path: Path, stored: Tensor, normalisation: tuple[Sequence[float], Sequence[float]] | None, source: str
) -> npt.NDArray[np.uint8]:
    if not stored.is_floating_point():
        return stored.numpy()
    values = stored.float().numpy()
    if normalisation:
        mean, std = (255 * np.array(part, np.float32)[:, None, None] for part in normalisation)
        values = values * std + mean
    # the nearest grey level; a value far from it, or NaN, is not a pixel
    levels = np.rint(values.clip(0, 255))
    if not (np.abs(values - levels) <= _TOLERANCE).all():
        raise _error(
            path,
            f"holds values from {stored.min():.4g} to {stored.max():.4g} that are not pixels",
            "whole grey levels 0..255, or those normalised by ImageNet's mean and deviation",
            source,
        )
    return levels.astype(np.uint8)


def _error(path: Path, problem: str, expected: str, source: str) -> DataError:
    return DataError(f"'{path}' {problem}", expected=expected, remedy=f"get it again from {source}")
