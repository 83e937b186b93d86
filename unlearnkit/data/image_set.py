"""A labelled set of images in memory: pixels stay uint8 until they are on the device."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.errors import DataError


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images and labels of a data set, the training split first, then the validation split.

    images           uint8 [samples, channels, height, width]
    labels           int64 [samples], 0 .. len(class_names) - 1
    train_size       the first `train_size` rows are the training split
    validation_size  the remaining rows; samples = train_size + validation_size
    class_names      one per label
    mean, std        per channel, of pixels scaled to 0..1
    raw_files        what the arrays were decoded from, for provenance

    Raises DataError if the arrays do not fit together.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    train_size: int
    validation_size: int
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    raw_files: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        samples = self.train_size + self.validation_size
        _require(
            self.train_size > 0 and self.validation_size > 0,
            "an image set has an empty split",
            "at least one sample in each",
        )
        _require_array("images", self.images, np.uint8, (samples, *self.images.shape[1:]), dimensions=4)
        _require_array("labels", self.labels, np.int64, (samples,), dimensions=1)
        low, high = int(self.labels.min()), int(self.labels.max())
        _require(
            low >= 0 and high < len(self.class_names),
            f"labels lie in {low}..{high}",
            f"0..{len(self.class_names) - 1}, one per class name",
        )
        channels = self.images.shape[1]
        _require(
            len(self.mean) == len(self.std) == channels and min(self.std) > 0,
            f"mean {self.mean} and std {self.std} do not fit images with {channels} channels",
            "one mean and one positive std per channel",
        )

    @property
    def train_labels(self) -> npt.NDArray[np.int64]:
        """The labels of the training split, int64 [train_size], a view."""
        return self.labels[: self.train_size]

    @property
    def train_images(self) -> npt.NDArray[np.uint8]:
        """The images of the training split, uint8 [train_size, channels, height, width], a view."""
        return self.images[: self.train_size]

    @property
    def content_hash(self) -> str:
        """SHA-256 (hexadecimal) over the split sizes and the shape, type and bytes of images and labels.

        Names and normalisation are not content. Computed anew at every call.
        """
        digest = hashlib.sha256(f"{self.train_size}+{self.validation_size}".encode())
        for array in (self.images, self.labels.astype("<i8", copy=False)):
            digest.update(f"|{array.dtype.str}{array.shape}|".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def subset(self, train_size: int | None = None, validation_size: int | None = None) -> ImageSet:
        """Return the first rows of each split (None: all rows) in the data set's own order.

        Published index lists stay valid. Raises DataError if a split has fewer rows than asked for.
        """
        train = _checked_size("train_size", train_size, self.train_size)
        validation = _checked_size("validation_size", validation_size, self.validation_size)
        if (train, validation) == (self.train_size, self.validation_size):
            return self
        rows = np.r_[:train, self.train_size : self.train_size + validation]
        return replace(
            self, images=self.images[rows], labels=self.labels[rows], train_size=train, validation_size=validation
        )


def _checked_size(name: str, asked: int | None, available: int) -> int:
    size = available if asked is None else asked
    if not 1 <= size <= available:
        raise DataError(
            f"data.{name} is {size}",
            expected=f"1..{available}, the size of that split",
            remedy="correct or drop the key",
        )
    return size


def _require_array(name: str, array: np.ndarray, dtype: type, shape: tuple[int, ...], *, dimensions: int) -> None:
    _require(
        array.dtype == dtype and array.ndim == dimensions and array.shape == shape,
        f"{name} of an image set are {array.dtype} {list(array.shape)}",
        f"{np.dtype(dtype)} with {dimensions} dimensions and {shape[0]} rows (train_size + validation_size)",
    )


def _require(condition: bool, fact: str, expected: str) -> None:
    if not condition:
        raise DataError(fact, expected=expected, remedy="correct `load` of the data set's module")
