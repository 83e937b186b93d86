"""Reader of the idx files of MNIST and its relatives, plain or gzip'd, with every header and size checked.

An idx file of bytes is: 0, 0, 8 (unsigned byte), the number of dimensions, each dimension as big-endian uint32, then
the values.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.data.download import download
from unlearnkit.errors import DataError

_LARGEST = 2**30
"""Bytes of values that are read at most; the files of MNIST have 47 MB."""
_PARTS = ("train", "t10k")
_REMEDY = "get the file again from its publisher"


def read_idx(path: Path, *, dimensions: int) -> npt.NDArray[np.uint8]:
    """Return the array in an idx file of bytes with `dimensions` dimensions; a .gz file is decompressed.

    Raises DataError, naming the file, if it is unreadable, damaged, of another kind, or shorter or longer than its
    header says.
    """
    magic, start = bytes((0, 0, 8, dimensions)), 4 + 4 * dimensions
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            header = stream.read(start)
            # int, because the product of three uint32 overflows NumPy's integers
            shape = [int(size) for size in np.frombuffer(header[4:].ljust(start - 4, b"\0"), ">u4")]
            # a byte more than there should be: the rest of a longer file is never decompressed
            content = stream.read(min(math.prod(shape), _LARGEST) + 1) if header[:4] == magic else b""
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"'{path}' cannot be read ({error})", expected="an undamaged idx file", remedy=_REMEDY
        ) from error
    if header[:4] != magic:
        raise DataError(
            f"'{path}' begins with the bytes {header[:4].hex() or 'of an empty file'}",
            expected=f"{magic.hex()}, an idx file of bytes with {dimensions} dimensions",
            remedy=_REMEDY,
        )
    found, expected = len(header) + len(content), start + math.prod(shape)
    if found != expected:
        raise DataError(
            f"'{path}' has {found} bytes{' or more' if found > expected else ''} after decompression",
            expected=f"{expected} for the shape {shape} in its header",
            remedy=_REMEDY,
        )
    return np.frombuffer(content, np.uint8).reshape(shape)


def read_idx_set(
    root: Path | None, *, torchvision_name: str, folder_name: str, source: str
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], tuple[Path, ...]]:
    """Return images uint8 [samples, 1, height, width], labels int64 [samples], training rows first, and their files.

    The files lie in `root` itself, in torchvision's `root/<torchvision_name>/raw` or in `root/<folder_name>`; None
    downloads them. Raises DataError, naming the file or the folders, if one is missing or damaged, or if images and
    labels differ in number.
    """
    if root is None:
        root = download(
            torchvision_name, files="train|t10k-images-idx3-ubyte.gz and train|t10k-labels-idx1-ubyte.gz", source=source
        )
    folder = _find_folder((root, root / torchvision_name / "raw", root / folder_name), source)
    files = [_find_part(folder, part, source) for part in _PARTS]
    pairs = [_read_part(*pair) for pair in files]
    images = np.concatenate([images for images, _ in pairs])[:, None]  # (samples, 1, height, width)
    labels = np.concatenate([labels for _, labels in pairs]).astype(np.int64)
    return images, labels, tuple(path for pair in files for path in pair)


def _find_part(folder: Path, part: str, source: str) -> tuple[Path, Path]:
    images, labels = (_find_file(folder, f"{part}-{kind}-ubyte", source) for kind in ("images-idx3", "labels-idx1"))
    return images, labels


def _read_part(image_file: Path, label_file: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    images, labels = read_idx(image_file, dimensions=3), read_idx(label_file, dimensions=1)
    if len(images) != len(labels):
        raise DataError(
            f"'{label_file}' has {len(labels)} labels",
            expected=f"{len(images)}, the images of '{image_file.name}'",
            remedy=_REMEDY,
        )
    return images, labels


def _find_folder(candidates: tuple[Path, ...], source: str) -> Path:
    for folder in candidates:
        if any(folder.glob("*-idx?-ubyte*")):
            return folder
    raise DataError(
        "no idx file in " + ", ".join(f"'{folder}'" for folder in candidates),
        expected="train-images-idx3-ubyte, train-labels-idx1-ubyte and the two of t10k, plain or .gz",
        remedy=f"get them from {source} and name their folder as data.root",
    )


def _find_file(folder: Path, name: str, source: str) -> Path:
    # .gz first: it carries a checksum, and an interrupted extraction leaves a short plain file beside it
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise DataError(f"'{folder / name}' is missing", expected="that file, plain or .gz", remedy=f"get it from {source}")
