"""A data set of a user: noise with random labels, 8 x 8 pixels, which models can only learn by heart."""

import numpy as np

from unlearnkit.data.images.image_set import ImageSet

NUM_CLASSES = 4
IMAGE_SHAPE = (1, 8, 8)
TRAIN_SIZE = 160
VALIDATION_SIZE = 80
MEAN = (0.5,)
STD = (0.3,)
CLASS_NAMES = ("north", "east", "south", "west")
CONTENT_HASH = None
CHECKED_BY = "drawn with seed 0"
SOURCE = "noise.py"
DOWNLOAD_BYTES = 0


def load(root):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (240, 1, 8, 8)).astype(np.uint8)
    return ImageSet(images, rng.integers(0, 4, 240), TRAIN_SIZE, VALIDATION_SIZE, CLASS_NAMES, MEAN, STD)
