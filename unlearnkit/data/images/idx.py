"""Reader of the idx files of MNIST and its relatives, plain or gzip'd.

An idx file of bytes is: 0, 0, 8 (unsigned byte), the number of dimensions, each dimension as big-endian uint32, then
the values. Not torchvision's reader, which takes unpacked files of one name in one folder and says no more than that a
size is wrong.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.data.download import download, find_folder
from unlearnkit.errors import DataError

_PARTS = ("train", "t10k")


def read_idx(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Return the array of a `shape` in an idx file of bytes; a .gz file is decompressed.

    Raises DataError, naming the file, if it is unreadable, damaged, or holds anything else.
    """
    header = bytes((0, 0, 8, len(shape))) + b"".join(size.to_bytes(4, "big") for size in shape)
    length = len(header) + math.prod(shape)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            # one byte more than expected: the rest of a longer file is never decompressed
            content = stream.read(length + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _error(path, f"cannot be read ({error})", "an undamaged idx file") from error
    if not content.startswith(header) or len(content) != length:
        begins, more = content[: len(header)].hex() or "nothing", " or more" if len(content) > length else ""
        fact = f"begins with {begins} and has {len(content)} bytes{more} after decompression"
        raise _error(path, fact, f"{header.hex()} and {length} bytes, an idx file of the shape {list(shape)}")
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)


def read_idx_set(
    root: Path | None, *, torchvision_name: str, folder_name: str, sizes: tuple[int, int], side: int, source: str
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], tuple[Path, ...]]:
    """Return images uint8 [samples, 1, side, side], labels int64 [samples], training rows first, and their files.

    `sizes` are the training and test samples. The files lie in `root` itself, in torchvision's
    `root/<torchvision_name>/raw` or in `root/<folder_name>`, and may be named with a dot before "idx"; None downloads
    them. Raises DataError, naming the file or the folders, if one is missing or damaged.
    """
    if root is None:
        root = download(
            torchvision_name, files="train|t10k-images-idx3-ubyte.gz and train|t10k-labels-idx1-ubyte.gz", source=source
        )
    folder = find_folder(root, (f"{torchvision_name}/raw", folder_name), ("*[-.]idx?-ubyte*",), source=source)
    images = [_find_file(folder, f"{part}-images", 3, source) for part in _PARTS]
    labels = [_find_file(folder, f"{part}-labels", 1, source) for part in _PARTS]
    pixels = [read_idx(path, (size, side, side)) for path, size in zip(images, sizes, strict=True)]
    classes = [read_idx(path, (size,)) for path, size in zip(labels, sizes, strict=True)]
    return np.concatenate(pixels)[:, None], np.concatenate(classes).astype(np.int64), (*images, *labels)


def _find_file(folder: Path, name: str, dimensions: int, source: str) -> Path:
    # .gz first: it carries a checksum, and an interrupted extraction leaves a short plain file beside it
    names = [f"{name}{mark}idx{dimensions}-ubyte{packed}" for packed in (".gz", "") for mark in "-."]
    if path := next((folder / each for each in names if (folder / each).is_file()), None):
        return path
    raise DataError(
        f"'{folder / names[2]}' is missing", expected="that file, plain or .gz", remedy=f"get it from {source}"
    )


def _error(path: Path, fact: str, expected: str) -> DataError:
    return DataError(f"'{path}' {fact}", expected=expected, remedy="get the file again from its publisher")
