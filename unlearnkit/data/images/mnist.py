"""MNIST: 70,000 handwritten digits, 28x28 grey (LeCun et al. 1998); validation is the official test set."""

from __future__ import annotations

from pathlib import Path

from unlearnkit.data.images.idx import read_idx_set
from unlearnkit.data.images.image_set import ImageSet

NUM_CLASSES = 10
IMAGE_SHAPE = (1, 28, 28)
TRAIN_SIZE = 60_000
VALIDATION_SIZE = 10_000
MEAN = (0.1307,)
STD = (0.3081,)
CLASS_NAMES = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
DOWNLOAD_BYTES = 11_594_722
DOWNLOAD_FOLDER = "MNIST/raw"
CONTENT_HASH = "60a385fd42ee21a3f78fe1d3bc37d7f980ec7686b9145a243357d8d4c207038e"
SOURCE = "the MNIST page of Yann LeCun (yann.lecun.com/exdb/mnist) or torchvision's mirror of it"


def load(root: Path | None) -> ImageSet:
    """Return MNIST from its four idx files; None downloads them.

    They are in `root`, `root/MNIST/raw` or `root/mnist`. Raises DataError, naming the file or the folders, if one is
    missing or damaged.
    """
    sizes = (TRAIN_SIZE, VALIDATION_SIZE)
    images, labels, files = read_idx_set(
        root, torchvision_name="MNIST", folder_name="mnist", sizes=sizes, side=IMAGE_SHAPE[1], source=SOURCE
    )
    return ImageSet(images, labels, *sizes, CLASS_NAMES, MEAN, STD, files)
