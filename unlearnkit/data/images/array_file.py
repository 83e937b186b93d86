"""A .npz file of the user's with images, labels and splits: what it says of its images, and these themselves."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from unlearnkit.data.images.array_archive import ArrayArchive
from unlearnkit.errors import DataError

KEYS = ("images", "labels", "split")
SPLITS = ("train", "validation", "test")
_NAMES = "class_names"
_CHANNELS = (1, 3)

Indices = npt.NDArray[np.int64]


class Described(NamedTuple):
    """What a file says of its images.

    shape, channel_axis     of the array `images`; None if it has no axis for channels
    labels                  int64 [images], 0 .. len(class_names) - 1
    splits                  rows of the training, validation and test split, each ascending; the last is often empty
    """

    shape: tuple[int, ...]
    channel_axis: int | None
    labels: Indices
    class_names: tuple[str, ...]
    splits: tuple[Indices, Indices, Indices]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        axis = self.channel_axis
        height, width = (size for place, size in enumerate(self.shape) if place not in (0, axis))
        return (1 if axis is None else self.shape[axis], height, width)


def array_path(root: Path | None) -> Path:
    """Return the .npz file that `root` is, or the only one in the folder `root`; raises DataError if there is none."""
    expected = "the .npz file that image_arrays reads, or the folder that holds it"
    if root is None:
        raise DataError("data.root is null", expected=expected, remedy="set data.root to it")
    if not root.exists():
        raise DataError(f"data.root '{root}' does not exist", expected=expected, remedy="correct data.root")
    found = sorted(root.glob("*.npz")) if root.is_dir() else [root]
    if len(found) != 1:
        raise DataError(
            f"data.root '{root}' holds {len(found)} .npz files", expected=expected, remedy="set data.root to the file"
        )
    return found[0]


def described(path: Path) -> Described:
    """Return what a .npz file says of its images, of which the header alone is read.

    Raises DataError, naming file and array, for missing arrays or others than `KEYS` need, a class without training
    images, and splits without images.
    """
    with ArrayArchive(path) as archive:
        if missing := [key for key in KEYS if key not in archive.names]:
            raise archive.error(
                f"has no array {' and no array '.join(missing)}",
                f"the arrays {', '.join(KEYS)} and, to name classes, {_NAMES}",
                "save it with numpy.savez(file, images=..., labels=..., split=...)",
            )
        shape, axis = _shape(archive)
        labels, split = archive.array("labels"), archive.array("split")
        for name, array in (("labels", labels), ("split", split)):
            if array.shape != shape[:1]:
                raise archive.error(
                    f"has {name} of the shape {list(array.shape)} for images of the shape {list(shape)}",
                    f"{shape[0]} {name}, one per image",
                )
        splits = _splits(archive, split)
        names = _class_names(archive, labels, splits[0])
        return Described(shape, axis, labels.astype(np.int64), names, splits)


def read_images(path: Path, channel_axis: int | None) -> npt.NDArray[np.uint8]:
    """Return the images of a described file, [images, channels, height, width]; raises DataError if it is damaged."""
    with ArrayArchive(path) as archive:
        images = archive.array("images")
    return images[:, None] if channel_axis is None else np.moveaxis(images, channel_axis, 1)


def _shape(archive: ArrayArchive) -> tuple[tuple[int, ...], int | None]:
    """Return the shape of the images and the axis of their channels, None for [images, height, width]."""
    shape, dtype = archive.header("images")
    if dtype != np.uint8:
        remedy = "multiply them by 255 if they lie in 0..1, round, and save them as uint8"
        raise archive.error(f"has images of the type {dtype}", "uint8, 0..255", remedy)
    axes = [axis for axis in (1, 3) if len(shape) == 4 and shape[axis] in _CHANNELS]
    if (len(shape) != 3 and len(axes) != 1) or not all(shape):
        both = len(axes) == 2
        raise archive.error(
            f"has images of the shape {list(shape)}" + (", whose channels may be either axis" if both else ""),
            "[n, height, width], [n, height, width, channels] or [n, channels, height, width] with 1 or 3 channels",
            "remove the axis of one channel, or resize the images" if both else "correct and save it again",
        )
    return shape, axes[0] if axes else None


def _splits(archive: ArrayArchive, split: np.ndarray) -> tuple[Indices, Indices, Indices]:
    values = split.astype("U") if split.dtype.kind == "S" else split
    known = SPLITS if values.dtype.kind == "U" else range(len(SPLITS))
    if values.dtype.kind not in "Uiu" or not np.isin(values, [*known]).all():
        wrong = values[~np.isin(values, [*known])][:1].tolist() if values.dtype.kind in "Uiu" else [str(values.dtype)]
        raise archive.error(f"has {wrong[0]!r} in split", f"{', '.join(SPLITS)}, or 0, 1, 2 for them")
    train, validation, test = (np.flatnonzero(values == name) for name in known)
    # as for published data sets, a test set validates where nothing else does
    validation, test = (validation, test) if len(validation) else (test, validation)
    for name, rows in (("train", train), ("validation", validation)):
        if not len(rows):
            raise archive.error(f"has no images of the split {name}", "images that train and others that validate")
    return train, validation, test


def _class_names(archive: ArrayArchive, labels: np.ndarray, train: Indices) -> tuple[str, ...]:
    """Return the names of the classes, by default their numbers."""
    if labels.dtype.kind not in "iu" or labels.min() < 0:
        found = f"of the type {labels.dtype}" if labels.dtype.kind not in "iu" else f"such as {labels.min()}"
        raise archive.error(f"has labels {found}", "integers: 0 for the first class, 1 for the second, and so on")
    names = _names(archive)
    classes, largest, present = len(names) if names else int(labels.max()) + 1, labels.max(), np.unique(labels[train])
    if largest >= classes:
        raise archive.error(f"has the label {largest}, but {classes} {_NAMES}", f"labels from 0 to {classes - 1}")
    if len(present) < classes:
        absent = next(label for label, found in enumerate([*present.tolist(), -1]) if label != found)
        raise archive.error(
            f"has no training image with the label {absent}, but labels up to {classes - 1}",
            "labels without gaps, each of them in the training split",
        )
    if classes < 2:
        raise archive.error("has one class", "two or more classes")
    return names or tuple(map(str, range(classes)))


def _names(archive: ArrayArchive) -> tuple[str, ...]:
    if _NAMES not in archive.names:
        return ()
    names = archive.array(_NAMES)
    if names.dtype.kind not in "US" or names.ndim != 1 or not names.size or len(np.unique(names)) < len(names):
        raise archive.error(
            f"has {_NAMES} of the type {names.dtype} and the shape {list(names.shape)}",
            "one text per class, all different",
        )
    return tuple(names.astype("U").tolist())
