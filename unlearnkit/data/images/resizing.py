"""Images of another size or with more channels than the published ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from unlearnkit.config.data.images import Image
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.facts.image_shape import image_shape

GREY = 1
"""Channels of a grey image."""


def shaped(image_set: ImageSet, image: Image | None) -> ImageSet:
    """Return the image set with images of the shape that `image` states; itself if they have it already.

    Resizing is Pillow's bilinear filter on uint8, which torchvision's Resize applies to Pillow images. A grey channel
    is repeated, with its mean and deviation; colour images keep their channels.
    """
    channels, height, width = image_set.images.shape[1:]
    wanted = image_shape((channels, height, width), image.side, image.channels) if image else (channels, height, width)
    if wanted == (channels, height, width):
        return image_set
    images = image_set.images if wanted[1:] == (height, width) else _resized(image_set.images, wanted[1])
    copies = wanted[0] // channels
    return replace(
        image_set,
        images=np.repeat(images, copies, axis=1) if copies > 1 else images,
        mean=image_set.mean * copies,
        std=image_set.std * copies,
    )


def _resized(images: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    from PIL import Image as Pillow

    samples, channels = images.shape[:2]
    resized = np.empty((samples, channels, side, side), np.uint8)
    for row, pixels in enumerate(images):
        picture = Pillow.fromarray(pixels[0] if channels == GREY else np.ascontiguousarray(pixels.transpose(1, 2, 0)))
        smaller = np.asarray(picture.resize((side, side), Pillow.Resampling.BILINEAR))
        resized[row] = smaller if channels == GREY else smaller.transpose(2, 0, 1)
    return resized
