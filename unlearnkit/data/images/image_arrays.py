"""Your own images as one .npz file: uint8 images, a label and a split for each, and perhaps names of the classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unlearnkit.config.data.images import DataBlock
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.own_images import normalisation
from unlearnkit.facts.image_facts import ImageFacts

CONTENT_HASH = None
CHECKED_BY = "types, shapes and values of the arrays; copies in two splits or classes; data.content_hash"
SOURCE = "your own .npz file (numpy.savez with images, labels and split)"
DOWNLOAD_BYTES = 0


def raw_paths(root: Path | None) -> tuple[Path, ...]:
    """Return the file."""
    from unlearnkit.data.images.array_file import array_path

    return (array_path(root),)


def facts(root: Path | None, data: DataBlock) -> ImageFacts:
    """Return what labels, splits and the header of the images say; `data` is not used.

    Raises DataError, naming file and array, as `described` does.
    """
    from unlearnkit.data.images.array_file import array_path, described

    found = described(array_path(root))
    train, validation, test = map(len, found.splits)
    return ImageFacts(train, validation, found.class_names, found.image_shape, test)


def load(root: Path | None, data: DataBlock) -> ImageSet:
    """Return the images of each split in the order of the file, normalised by mean and deviation of those that train.

    Published positions are those in the file; `data` is not used. Raises DataError as `facts` and `normalisation` do.
    """
    from unlearnkit.data.images.array_file import array_path, described, read_images

    path = array_path(root)
    found = described(path)
    order = np.concatenate(found.splits)
    images = read_images(path, found.channel_axis)[order]
    train, validation, test = map(len, found.splits)
    moments = normalisation(images[:train])
    return ImageSet(
        images, found.labels[order], train, validation, found.class_names, *moments, test_size=test, published=order
    )
