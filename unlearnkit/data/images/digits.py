"""scikit-learn's handwritten digits: 1,797 real 8x8 images that need no download (UCI, Alpaydin and Kaynak 1998)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unlearnkit.data.images.image_set import ImageSet

NUM_CLASSES = 10
IMAGE_SHAPE = (1, 8, 8)
TRAIN_SIZE = 1437
VALIDATION_SIZE = 360
MEAN = (0.2874,)
STD = (0.3538,)
CLASS_NAMES = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
DOWNLOAD_BYTES = 0
CONTENT_HASH = "5fb9c622b49d3d15aaec4cd1607c83b7f9f943d1cbc25725814a98440f070fb2"
SOURCE = "scikit-learn (`sklearn.datasets.load_digits`; reinstall scikit-learn)"

_GREY_LEVEL = 15
"""The images count 0..16 ink pixels per 4x4 block; 15 per count is the largest exact scaling into uint8 (0..240)."""


def load(root: Path | None) -> ImageSet:
    """Return the digits in a fixed random order: 1,437 rows train, the other 360 validate; `root` is not used.

    There is no official split and the published order is not random. The permutation is drawn with NumPy's legacy
    generator, seed 0, whose stream is frozen.
    """
    import sklearn.datasets
    from sklearn.datasets import load_digits

    pixels, labels = (np.asarray(array) for array in load_digits(return_X_y=True))
    order = np.random.RandomState(0).permutation(len(labels))
    file = Path(sklearn.datasets.__file__).parent / "data" / "digits.csv.gz"
    images = (pixels * _GREY_LEVEL).astype(np.uint8).reshape(-1, *IMAGE_SHAPE)
    labels = labels.astype(np.int64)
    sizes = (TRAIN_SIZE, VALIDATION_SIZE)
    return ImageSet(images[order], labels[order], *sizes, CLASS_NAMES, MEAN, STD, (file,), published=order)
