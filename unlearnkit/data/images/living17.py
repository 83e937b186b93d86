"""Living-17 as EasyDUB published it: 17 groups of animals of ImageNet, two files of pre-decoded images, 224x224.

The training file is a random half of the 88,400 images of BREEDS' Living-17, in an order that only the file shows;
EasyDUB's forget sets are positions in it. `living17_imagenet` makes a half of its own from an ImageNet folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unlearnkit.data.download import find_folder
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.tensor_files import read_tensor_file
from unlearnkit.facts.living17 import CLASS_NAMES
from unlearnkit.workflow.raw_files import folder_with

NUM_CLASSES = 17
IMAGE_SHAPE = (3, 224, 224)
TRAIN_SIZE = 44_200
VALIDATION_SIZE = 3_400
# ImageNet's, as in the published recipe.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
DOWNLOAD_BYTES = 0
CONTENT_HASH = None
CHECKED_BY = "number, type, range and shape of images and labels; the publisher's checksums are not known"
SOURCE = "the folder data/living17 of the data set royrin/KLOM-models on huggingface.co"

_FILES = ("raw_tensors_tr_new.pt", "raw_tensors_val_new.pt")
_FOLDERS = ("living17", "data/living17")


def raw_paths(root: Path | None) -> tuple[Path, ...]:
    """Return the two files that `load` reads."""
    folder = folder_with(root, _FOLDERS, _FILES)
    return tuple(folder / name for name in _FILES) if folder else ()


def load(root: Path | None) -> ImageSet:
    """Return Living-17 from its two tensor files in `root` or `root/living17`; None looks into `data/`.

    No code from the files is run. Raises DataError, naming the file, if one is missing, damaged or
    holds something else.
    """
    folder = find_folder(root, _FOLDERS, _FILES, source=SOURCE)
    sizes = (TRAIN_SIZE, VALIDATION_SIZE)
    images = np.empty((sum(sizes), *IMAGE_SHAPE), np.uint8)
    labels = np.empty(sum(sizes), np.int64)
    for name, rows in zip(_FILES, (slice(None, TRAIN_SIZE), slice(TRAIN_SIZE, None)), strict=True):
        read_tensor_file(
            folder / name, images[rows], labels[rows], classes=NUM_CLASSES, mean=MEAN, std=STD, source=SOURCE
        )
    files = tuple(folder / name for name in _FILES)
    return ImageSet(images, labels, TRAIN_SIZE, VALIDATION_SIZE, CLASS_NAMES, MEAN, STD, files)
