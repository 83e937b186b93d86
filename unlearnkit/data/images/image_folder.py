"""Your own pictures: a folder with a folder per class, as torchvision's ImageFolder reads it, or one such per split."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unlearnkit.config.data.images import DataBlock
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.own_images import normalisation
from unlearnkit.data.images.own_pictures import read_own_pictures
from unlearnkit.facts.image_facts import ImageFacts

CONTENT_HASH = None
CHECKED_BY = "every file is a picture that decodes without loss, copies in two splits or classes; data.content_hash"
SOURCE = "your own pictures (a folder per class, or folders train and validation with a folder per class in each)"
DOWNLOAD_BYTES = 0
HOLDS_OUT = True


def raw_paths(root: Path | None) -> tuple[Path, ...]:
    """Return all pictures, ascending by path."""
    from unlearnkit.data.images.picture_folder import picture_folder

    found = picture_folder(root, None)
    return tuple(sorted(picture.path for split in found[1:] for picture in split))


def facts(root: Path | None, data: DataBlock) -> ImageFacts:
    """Return what a listing of the folder and the header of its first training picture say.

    Raises DataError, naming folder or file, as `picture_folder` and `picture_shape` do.
    """
    from unlearnkit.data.images.picture_files import picture_shape
    from unlearnkit.data.images.picture_folder import picture_folder

    names, train, validation, test = picture_folder(root, data.holdout)
    return ImageFacts(len(train), len(validation), names, picture_shape(train[0].path, data.image), len(test))


def load(root: Path | None, data: DataBlock) -> ImageSet:
    """Return the pictures in the shape of `data.image`, normalised by mean and deviation of those that train.

    Published positions are those in ImageFolder's order: of a split or, without splits, of all pictures. Raises
    DataError as `facts`, `read_own_pictures` and `normalisation` do.
    """
    from unlearnkit.data.images.picture_folder import picture_folder

    shape = facts(root, data).image_shape
    names, *splits = picture_folder(root, data.holdout)
    rows = [picture for split in splits for picture in split]
    side = data.image.side if data.image else None
    images = read_own_pictures([picture.path for picture in rows], shape, side)
    labels, positions = np.array([(picture.label, picture.position) for picture in rows], np.int64).T
    train, validation, test = map(len, splits)
    return ImageSet(
        images,
        labels,
        train,
        validation,
        names,
        *normalisation(images[:train]),
        test_size=test,
        published=positions,
        file_names=tuple(picture.name for picture in rows),
    )
