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
    that of all samples have a copy in another class.
    """
    found = digests(image_set.images)
    train = found[: image_set.train_size]
    start, warnings = image_set.train_size, []
    for split, size in [*image_set.split_sizes.items()][1:]:
        own = np.arange(start, start + size)
        shared = own[np.isin(found[own], train)]
        fact = f"images of the {split} split are also in the training split"
        warnings.append(_judged(image_set, found, shared, size, fact, "remove them from one of the splits"))
        start += size
    order = np.lexsort((image_set.labels, found))
    same = found[order][1:] == found[order][:-1]
    apart = same & (image_set.labels[order][1:] != image_set.labels[order][:-1])
    fact = "images have an exact copy in another class"
    warnings.append(_judged(image_set, found, order[1:][apart], len(found), fact, "keep each image in its class"))
    return "; ".join(filter(None, warnings))


def _judged(
    image_set: ImageSet, found: npt.NDArray[np.uint64], rows: npt.NDArray[np.integer], of: int, fact: str, remedy: str
) -> str:
    if not len(rows):
        return ""
    copies = np.flatnonzero(found == found[rows[0]])
    pair = " and ".join(_named(image_set, row) for row in (copies[0], rows[0]))
    said = f"{len(rows):,} of {of:,} {fact}, for example {pair}"
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
