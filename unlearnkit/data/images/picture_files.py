"""Picture files of any user: opened, measured by their headers, and refused if decoding would lose something."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unlearnkit.config.data.images import Image as Shape
from unlearnkit.errors import DataError
from unlearnkit.facts.image_shape import image_shape

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 1024
"""Pixels of a side of pictures that are not resized, the most that data.image.side takes."""

_FORMATS = ("JPEG", "PNG", "BMP", "PPM", "TIFF", "WEBP")
GREY, _COLOUR = ("1", "L", "LA"), ("RGB", "RGBA", "P", "PA")
_DAMAGED = (OSError, SyntaxError, ValueError, TypeError, LookupError, OverflowError, struct.error, zlib.error)
"""What Pillow raises on damaged files."""

_MOST = 255
_ORIENTATION, _ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)


def picture_shape(path: Path, shape: Shape | None) -> tuple[int, int, int]:
    """Return channels, height and width of a picture, from its header, in the `shape` that the configuration states.

    Raises DataError, naming the file, as `read_own_pictures` does, for what the header shows.
    """
    with opened(path) as stored:
        width, height = stored.size
        if stored.getexif().get(_ORIENTATION) in _ON_ITS_SIDE:
            width, height = height, width
        channels = 1 if stored.mode in GREY else 3
    side = shape.side if shape else None
    if side is None and max(width, height) > LARGEST:
        raise DataError(
            f"'{path}' has {width} x {height} pixels",
            expected=f"at most {LARGEST} x {LARGEST}, or smaller images made of the pictures",
            remedy="set data.image, for example {side: 64}",
        )
    return image_shape((channels, height, width), side, shape.channels if shape else None)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Image]:
    """Open a picture whose header shows nothing that would be lost; what is wrong with it is a DataError."""
    from PIL import Image as Pillow

    try:
        with Pillow.open(path, formats=_FORMATS) as stored:
            if wrong := _lossy(stored):
                raise picture_error(path, *wrong, "convert it")
            yield stored
    except (*_DAMAGED, Pillow.DecompressionBombError) as error:
        reason = " ".join(str(error).split()).replace(f" '{path}'", "").replace(f" {str(path)!r}", "")
        raise picture_error(
            path, f"is not a readable picture ({reason})", "an undamaged one", "replace or remove it"
        ) from None


def _lossy(stored: Image) -> tuple[str, str] | None:
    """Return what is wrong with a picture by its header, and what was expected; None if nothing is."""
    frames = getattr(stored, "n_frames", 1)
    if frames > 1:
        return f"holds {frames} pictures", "one picture per file"
    if stored.mode.startswith(("I", "F")) or any(map(_is_deep, getattr(stored, "tile", ()))):
        return "has more than 8 bits per channel", "8 bits"
    if stored.mode not in GREY + _COLOUR:
        return f"has the colour space {stored.mode}", "grey or RGB"
    return None


def _is_deep(tile: Any) -> bool:
    """Return whether a part of a picture has more than 8 bits per channel, which Pillow reads as 8 without a word."""
    raw, *more = (tile.args,) if isinstance(tile.args, str) else tile.args or ("",)
    # in BGR;16 three channels share 16 bits; ppm states the largest value
    return (";16" in str(raw) and raw != "BGR;16") or (tile.codec_name.startswith("ppm") and more[0] > _MOST)


def picture_error(path: Path, problem: str, expected: str, remedy: str) -> DataError:
    """Return the error of a picture file."""
    return DataError(f"'{path}' {problem}", expected=expected, remedy=remedy)
