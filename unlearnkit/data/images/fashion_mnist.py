"""Fashion-MNIST: 70,000 articles of clothing, 28x28 grey (Xiao et al. 2017); validation is the official test set."""

from __future__ import annotations

from pathlib import Path

from unlearnkit.data.images.idx import read_idx_set
from unlearnkit.data.images.image_set import ImageSet

NUM_CLASSES = 10
IMAGE_SHAPE = (1, 28, 28)
TRAIN_SIZE = 60_000
VALIDATION_SIZE = 10_000
MEAN = (0.2860,)
STD = (0.3530,)
CLASS_NAMES = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
DOWNLOAD_BYTES = 30_878_645
DOWNLOAD_FOLDER = "FashionMNIST/raw"
CONTENT_HASH = "d5cd997ff3c81fbd530135c2c35a86807ce65d16800ca22ee6d7ff964db6075a"
SOURCE = "Zalando Research (github.com/zalandoresearch/fashion-mnist)"


def load(root: Path | None) -> ImageSet:
    """Return Fashion-MNIST from its four idx files; None downloads them.

    They are in `root`, `root/FashionMNIST/raw` or `root/fashion_mnist`. Raises DataError, naming the file or the
    folders, if one is missing or damaged.
    """
    sizes = (TRAIN_SIZE, VALIDATION_SIZE)
    images, labels, files = read_idx_set(
        root,
        torchvision_name="FashionMNIST",
        folder_name="fashion_mnist",
        sizes=sizes,
        side=IMAGE_SHAPE[1],
        source=SOURCE,
    )
    return ImageSet(images, labels, *sizes, CLASS_NAMES, MEAN, STD, files)
