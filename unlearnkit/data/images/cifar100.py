"""CIFAR-100: 60,000 colour images, 32x32 (Krizhevsky 2009), in the published order; validation is the test set."""

from __future__ import annotations

from pathlib import Path

from unlearnkit.data.download import download, find_folder
from unlearnkit.data.images.cifar_batches import read_cifar_batches
from unlearnkit.data.images.image_set import ImageSet

NUM_CLASSES = 100
IMAGE_SHAPE = (3, 32, 32)
TRAIN_SIZE = 50_000
VALIDATION_SIZE = 10_000
# The normalisation of Deep Unlearn (arXiv 2410.01276).
MEAN = (0.5071, 0.4865, 0.4409)
STD = (0.2673, 0.2564, 0.2762)
# The fine labels.
# fmt: off
CLASS_NAMES = (
    "apple", "aquarium fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl", "boy",
    "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair", "chimpanzee", "clock",
    "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish",
    "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn mower", "leopard", "lion",
    "lizard", "lobster", "man", "maple tree", "motorcycle", "mountain", "mouse", "mushroom", "oak tree", "orange",
    "orchid", "otter", "palm tree", "pear", "pickup truck", "pine tree", "plain", "plate", "poppy", "porcupine",
    "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk",
    "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet pepper", "table", "tank",
    "telephone", "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale",
    "willow tree", "wolf", "woman", "worm",
)
# fmt: on
DOWNLOAD_BYTES = 169_001_437
DOWNLOAD_FOLDER = "cifar-100-python"
CONTENT_HASH = None
CHECKED_BY = "md5 of every file before it is opened, as torchvision lists them"
SOURCE = "the CIFAR page of the University of Toronto (cs.toronto.edu/~kriz/cifar.html, cifar-100-python.tar.gz)"

_BATCHES = "cifar-100-python"


def load(root: Path | None) -> ImageSet:
    """Return CIFAR-100 with its fine labels from `root` or `root/cifar100`; None downloads it.

    It reads torchvision's layout, the folder `cifar-100-python`; every file's md5 is checked before it is opened.
    Raises DataError, naming the file, if a part is missing or damaged.
    """
    if root is None:
        root = download("CIFAR100", files=f"the folder {_BATCHES}", source=SOURCE)
    folder = find_folder(root, ("cifar100",), (_BATCHES,), source=SOURCE)
    images, labels, files = read_cifar_batches(folder, "CIFAR100", label=b"fine_labels", source=SOURCE)
    return ImageSet(images, labels, TRAIN_SIZE, VALIDATION_SIZE, CLASS_NAMES, MEAN, STD, files)
