"""Picture files decoded into arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from unlearnkit.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image


def read_pictures(
    paths: Sequence[Path], side: int, view: Callable[[Image], Image], *, source: str
) -> npt.NDArray[np.uint8]:
    """Return JPEG files as colour images uint8 [files, 3, side, side].

    `view` makes the picture to keep of a decoded one. Raises DataError, naming the file, if it cannot be decoded or the
    picture has another size.
    """
    from PIL import Image as Pillow

    images = np.empty((len(paths), 3, side, side), np.uint8)
    for row, path in enumerate(paths):
        try:
            with Pillow.open(path, formats=("JPEG", "PNG")) as stored:
                picture = view(stored).convert("RGB")
        # what Pillow raises on damaged files
        except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
            raise _error(path, f"cannot be read ({error})", "an undamaged picture", source) from error
        if picture.size != (side, side):
            width, height = picture.size
            raise _error(path, f"has {width} x {height} pixels", f"{side} x {side}", source)
        images[row] = np.asarray(picture).transpose(2, 0, 1)
    return images


def centre_crop(picture: Image, side: int, ratio: float) -> Image:
    """Return the middle square of a picture, `ratio` of its shorter edge, resized (bilinear) to side x side pixels."""
    from PIL import Image as Pillow

    width, height = picture.size
    edge = int(ratio * min(width, height))
    left, top = (width - edge) // 2, (height - edge) // 2
    # colour first: palette entries cannot be interpolated
    square = picture.convert("RGB").crop((left, top, left + edge, top + edge))
    return square.resize((side, side), Pillow.Resampling.BILINEAR)


def _error(path: Path, problem: str, expected: str, source: str) -> DataError:
    return DataError(f"'{path}' {problem}", expected=expected, remedy=f"get it again from {source}")
