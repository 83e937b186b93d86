"""Reader of lossless image sheets: a zip with `labels.npy` and WebP sheets of 250 images, 25 rows by 10 columns.

Members are decoded in memory and never extracted. The zip's own CRC guards every member.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.artifacts.store import parse_npy
from unlearnkit.errors import DataError

_ROWS, _COLUMNS, _SIDE = 25, 10, 32
_LARGEST = 2**24
"""Bytes of a member; a sheet in full has 768,000."""


def read_sheets(path: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return images uint8 [samples, 3, 32, 32] and labels int64 [samples] of one zip of sheets.

    A sheet is filled row by row; sheets are ordered by name. Raises DataError, naming the
    file, if it is missing or damaged, or if images and labels differ in number.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            labels = parse_npy(io.BytesIO(_member(archive, "labels.npy")))
            names = sorted(name for name in archive.namelist() if re.fullmatch(r"sheet_\d{5}\.webp", name))
            if labels.shape != (len(names) * _ROWS * _COLUMNS,) or labels.dtype.kind not in "iu":
                raise ValueError(f"{len(names)} sheets of 250 images and labels of shape {list(labels.shape)}")
            images = np.concatenate([_decode(_member(archive, name)) for name in names])
    # what zipfile, zlib, NumPy and Pillow raise on damaged input; KeyError is a missing member
    except (OSError, EOFError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise _error(path, f"cannot be read ({error})") from error
    return images, labels.astype(np.int64)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _LARGEST:
        raise ValueError(f"{name} has more than {_LARGEST} bytes")
    return archive.read(name)


def _decode(sheet: bytes) -> npt.NDArray[np.uint8]:
    from PIL import Image

    try:
        opened = Image.open(io.BytesIO(sheet), formats=("WEBP",))
    except Image.DecompressionBombError as error:
        raise ValueError(error) from None
    with opened as image:
        if image.size != (_COLUMNS * _SIDE, _ROWS * _SIDE):
            raise ValueError(f"a sheet has {image.size} pixels")
        pixels = np.asarray(image.convert("RGB")).reshape(_ROWS, _SIDE, _COLUMNS, _SIDE, 3)
    return pixels.transpose(0, 2, 4, 1, 3).reshape(_ROWS * _COLUMNS, 3, _SIDE, _SIDE)


def _error(path: Path, problem: str) -> DataError:
    return DataError(
        f"'{path}' {problem}",
        expected="an undamaged zip of image sheets",
        remedy="copy it again from its source",
    )
