"""What holds for all images of a user's own: how they are normalised, and that their copies are few."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from unlearnkit.data.copies import MOST_COPIES, digests
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.errors import DataError


def normalisation(images: npt.NDArray[np.uint8]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per channel of pixels scaled to 0..1, from their counts, which are exact.

    `images` are those that train, uint8 [samples, channels, height, width]. Raises DataError if all pixels of a channel
    are equal.
    """
    counts = np.array([_counts(images[:, channel]) for channel in range(images.shape[1])])
    values = np.arange(256) / 255
    mean = counts @ values / counts.sum(1)
    std = np.sqrt(np.sum(counts * (values - mean[:, None]) ** 2, axis=1) / counts.sum(1))
    if not std.all():
        raise DataError(
            f"all training pixels have the same value in channel {int(np.argmin(std))}",
            expected="images with something to see",
            remedy="correct the files under data.root",
        )
    return tuple(mean.tolist()), tuple(std.tolist())


def refuse_copies(image_set: ImageSet) -> str:
    """Return which images are copies that they should not be, "" if none are: in two splits, or in two classes.

    Raises DataError, naming two, if more than MOST_COPIES of a split are also in the training split, or if more than
    that of all images have a copy in another class.
    """
    found, rows, sizes = digests(image_set.images), np.arange(len(image_set.labels)), image_set.split_sizes
    train, *held_out = np.split(rows, np.cumsum([*sizes.values()])[:-1])
    reports = []
    for split, rows_of_split in zip([*sizes][1:], held_out, strict=True):
        shared = rows_of_split[np.isin(found[rows_of_split], found[train])]
        fact = f"images of the {split} split are also in the training split"
        reports.append(
            _judged(image_set, found, shared, len(rows_of_split), fact, "remove them from one of the splits")
        )
    labelled = np.unique(np.stack([found, image_set.labels.astype(np.uint64)]), axis=1)
    values, classes = np.unique(labelled[0], return_counts=True)
    apart = rows[np.isin(found, values[classes > 1])]
    fact = "images have an exact copy in another class"
    reports.append(_judged(image_set, found, apart, len(found), fact, "keep each image in one class"))
    return "; ".join(filter(None, reports))


def _judged(
    image_set: ImageSet, found: npt.NDArray[np.uint64], rows: npt.NDArray[np.integer], of: int, fact: str, remedy: str
) -> str:
    """Return the fact with the number of `rows` and an example; raises DataError if there are too many of them."""
    if not len(rows):
        return ""
    equal = np.flatnonzero(found == found[rows[0]])
    # the first is in the training split; one of another class if there is one
    others = equal[image_set.labels[equal] != image_set.labels[equal[0]]]
    pair = (equal[0], others[0] if len(others) else equal[-1])
    said = f"{len(rows):,} of {of:,} {fact}, for example {' and '.join(_named(image_set, row) for row in pair)}"
    if len(rows) > MOST_COPIES * of:
        raise DataError(said, expected=f"at most {MOST_COPIES:.0%}", remedy=remedy)
    return said


def _named(image_set: ImageSet, row: int) -> str:
    return f"'{image_set.file_names[row]}'" if image_set.file_names else f"image {image_set.positions[row]}"


def _counts(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return how often each of the 256 values occurs, image by image: a whole channel takes eight times its memory."""
    counts = np.zeros(256, np.int64)
    for image in pixels:
        counts += np.bincount(image.ravel(), minlength=256)
    return counts
