"""What is known of a data set of images before its pixels are read."""

from __future__ import annotations

from typing import NamedTuple


class ImageFacts(NamedTuple):
    """Samples per split, class names in the order of the labels, and channels, height and width of an image.

    The splits are the publisher's, or the user's own; `test_size` is 0 where there is no third one.
    """

    train_size: int
    validation_size: int
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    test_size: int = 0
