"""Pictures of any user as arrays, decoded without loss to grey or colour of 8 bits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from unlearnkit.data.images.picture_files import GREY, opened, picture_error

if TYPE_CHECKING:
    from PIL.Image import Image

_OPAQUE = (255, 255)


def read_own_pictures(paths: Sequence[Path], shape: tuple[int, int, int], side: int | None) -> npt.NDArray[np.uint8]:
    """Return pictures as uint8 [pictures, *shape], resized (bilinear) if a `side` is asked for.

    `shape` is the `picture_shape` of the first. Pictures are turned upright as their EXIF orientation says; black and
    white becomes grey, a palette its colours. Colour profiles are not applied. Raises DataError, naming the file, for
    more than 8 bits per channel, transparent pixels, several pictures in a file, other colour spaces and damaged files;
    naming two, for pictures of another size or with other channels than the first.
    """
    images = np.empty((len(paths), *shape), np.uint8)
    for row, path in enumerate(paths):
        pixels = np.asarray(_sized(path, _decoded(path, paths[0], shape[0]), paths[0], shape, side))
        images[row] = pixels if shape[0] == 1 else pixels.transpose(2, 0, 1)
    return images


def _decoded(path: Path, first: Path, channels: int) -> Image:
    """Return a picture upright, in mode L for one channel and RGB for three."""
    from PIL import ImageOps

    with opened(path) as stored:
        picture = ImageOps.exif_transpose(stored)
        if picture.has_transparency_data and picture.convert("RGBA").getchannel("A").getextrema() != _OPAQUE:
            raise picture_error(path, "has transparent pixels", "opaque ones", "put it on a background")
        if channels == 1 and picture.mode not in GREY:
            raise picture_error(
                path,
                f"is in colour, but '{first}' is grey",
                "pictures of one kind",
                "set data.image: {channels: 3}, which gives grey pictures three channels",
            )
        # only grey ones when one is asked for: from colour this would lose something
        return picture.convert("L" if picture.mode in GREY else "RGB").convert("L" if channels == 1 else "RGB")


def _sized(path: Path, picture: Image, first: Path, shape: tuple[int, int, int], side: int | None) -> Image:
    from PIL.Image import Resampling

    _, height, width = shape
    if picture.size == (width, height):
        return picture
    if side is None:
        found, expected = (f"{size[0]} x {size[1]}" for size in (picture.size, (width, height)))
        raise picture_error(
            path,
            f"has {found} pixels, but '{first}' has {expected}",
            "pictures of one size",
            "set data.image, for example {side: 32}, which resizes all of them",
        )
    return picture.resize((side, side), Resampling.BILINEAR)
