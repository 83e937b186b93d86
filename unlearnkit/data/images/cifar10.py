"""CIFAR-10: 60,000 colour images, 32x32 (Krizhevsky 2009), in the published order; validation is the test set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.data.download import download, find_folder
from unlearnkit.data.images.cifar_batches import read_cifar_batches
from unlearnkit.data.images.image_set import ImageSet

NUM_CLASSES = 10
IMAGE_SHAPE = (3, 32, 32)
TRAIN_SIZE = 50_000
VALIDATION_SIZE = 10_000
# The normalisation of the published EasyDUB recipe. Its STD is about the mean of the deviations within each image; the
# deviation over all pixels is (0.2470, 0.2435, 0.2616).
MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2023, 0.1994, 0.2010)
CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DOWNLOAD_BYTES = 170_498_071
DOWNLOAD_FOLDER = "cifar-10-batches-py"
CONTENT_HASH = "ff757aafea7c67e97f0c432d4a65ae1978c8f88886dcf33f0bef5dfb72cc539a"
SOURCE = "the CIFAR page of the University of Toronto (cs.toronto.edu/~kriz/cifar.html, cifar-10-python.tar.gz)"

_BATCHES = "cifar-10-batches-py"
_SHEETS = ("train_00000.zip", "train_25000.zip", "test.zip")


def load(root: Path | None) -> ImageSet:
    """Return CIFAR-10 from `root` or `root/cifar10`; None downloads it.

    It accepts torchvision's layout (`cifar-10-batches-py`; every file's md5 is checked, and no pickle can run
    anything) and the lossless sheets `train_00000.zip`, `train_25000.zip`, `test.zip`. Raises DataError, naming
    the file, if a part is missing or damaged.
    """
    if root is None:
        root = download("CIFAR10", files=f"the folder {_BATCHES}", source=SOURCE)
    folder = find_folder(root, ("cifar10",), (_BATCHES, *_SHEETS), source=SOURCE)
    if (folder / _BATCHES).is_dir():
        images, labels, files = read_cifar_batches(folder, "CIFAR10", label=b"labels", source=SOURCE)
    else:
        (images, labels), files = _read_sheets(folder), tuple(folder / name for name in _SHEETS)
    return ImageSet(images, labels, TRAIN_SIZE, VALIDATION_SIZE, CLASS_NAMES, MEAN, STD, files)


def _read_sheets(folder: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    from unlearnkit.data.images.sheets import read_sheets

    parts = [read_sheets(folder / name) for name in _SHEETS]
    images = np.concatenate([images for images, _ in parts])
    return images, np.concatenate([labels for _, labels in parts])
