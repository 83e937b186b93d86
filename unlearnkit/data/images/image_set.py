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
    """Images and labels of a data set: the training split first, then the validation, then the test split if any.

    images           uint8 [samples, channels, height, width]
    labels           int64 [samples], 0 .. len(class_names) - 1
    train_size       the first `train_size` rows are the training split
    validation_size  the rows after them
    class_names      one per label
    mean, std        per channel, of pixels scaled to 0..1
    test_size        the remaining rows, often none; samples = train_size + validation_size + test_size
    raw_files        what the arrays were decoded from, for provenance
    published        int64 [samples], position of each row in the publisher's training set, test set, or undivided
                     whole; None: rows stand in the publisher's order
    file_names       of each row while it is being read, () if rows have no files of their own

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
    test_size: int = 0
    published: npt.NDArray[np.int64] | None = None
    file_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        samples = self.train_size + self.validation_size + self.test_size
        _require(
            self.train_size > 0 and self.validation_size > 0,
            "an image set has an empty split",
            "at least one sample in training and validation",
        )
        _require_array("images", self.images, np.uint8, (samples, *self.images.shape[1:]), dimensions=4)
        _require_array("labels", self.labels, np.int64, (samples,), dimensions=1)
        _require_array("published positions", self.positions, np.int64, (samples,), dimensions=1)
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
    def positions(self) -> npt.NDArray[np.int64]:
        """Published position of each row, int64 [samples]: `published`, or the row within its split."""
        return self.sample_index if self.published is None else self.published

    @property
    def sample_index(self) -> npt.NDArray[np.int64]:
        """The row of each sample within its split, int64 [samples]."""
        return np.concatenate([np.arange(size) for size in self.split_sizes.values()])

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The shape of a sample: channels, height and width of an image."""
        return self.images.shape[1:]

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def split_sizes(self) -> dict[str, int]:
        """Samples of each split that has any, by name, in the order of the rows."""
        sizes = {"train": self.train_size, "validation": self.validation_size, "test": self.test_size}
        return {name: size for name, size in sizes.items() if size}

    @property
    def content_hash(self) -> str:
        """SHA-256 (hexadecimal) over the split sizes and the shape, type and bytes of images and labels.

        Names, positions and normalisation are not content. Computed again at every call.
        """
        digest = hashlib.sha256("+".join(map(str, self.split_sizes.values())).encode())
        for array in (self.images, self.labels.astype("<i8", copy=False)):
            digest.update(f"|{array.dtype.str}{array.shape}|".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def subset(
        self, train_size: int | None = None, validation_size: int | None = None, test_size: int | None = None
    ) -> ImageSet:
        """Return the first rows of each split (None: all rows) in the data set's own order.

        Published index lists stay valid. Raises DataError if a split has fewer rows than requested.
        """
        train = checked_size("train_size", train_size, self.train_size)
        validation = checked_size("validation_size", validation_size, self.validation_size)
        test = checked_size("test_size", test_size, self.test_size)
        if (train, validation, test) == (self.train_size, self.validation_size, self.test_size):
            return self
        held_out = self.train_size + self.validation_size
        return self.arranged(
            np.arange(train),
            np.arange(self.train_size, self.train_size + validation),
            np.arange(held_out, held_out + test),
        )

    def arranged(
        self, train: npt.NDArray[np.integer], validation: npt.NDArray[np.integer], test: npt.NDArray[np.integer]
    ) -> ImageSet:
        """Return the image set whose splits are the given rows of this one, in that order."""
        rows = np.concatenate([train, validation, test])
        return replace(
            self,
            images=self.images[rows],
            labels=self.labels[rows],
            train_size=len(train),
            validation_size=len(validation),
            test_size=len(test),
            published=self.positions[rows],
            file_names=tuple(self.file_names[row] for row in rows) if self.file_names else (),
        )


def checked_size(name: str, asked: int | None, available: int) -> int:
    """Return the number of rows of a split to keep, `available` for None; raises DataError if there are fewer.

    `name` is the key in the block `data`.
    """
    if asked is None:
        return available
    if not 1 <= asked <= available:
        raise DataError(
            f"data.{name} is {asked}",
            expected=f"1..{available}, the size of that split",
            remedy="correct or drop the key",
        )
    return asked


def _require_array(name: str, array: np.ndarray, dtype: type, shape: tuple[int, ...], *, dimensions: int) -> None:
    _require(
        array.dtype == dtype and array.ndim == dimensions and array.shape == shape,
        f"{name} of an image set are {array.dtype} {list(array.shape)}",
        f"{np.dtype(dtype)} with {dimensions} dimensions and {shape[0]} rows, as many as in all splits",
    )


def _require(condition: bool, fact: str, expected: str) -> None:
    if not condition:
        raise DataError(fact, expected=expected, remedy="correct `load` of the data set's module")
