"""Reader of CIFAR's batch files: pickles of Python 2, read without letting them run anything.

A pickle names functions and classes and calls them. The three names that a batch needs are answered with stand-ins of
ours that only take bytes, and any other name is an error, so a batch can at worst be refused. Torchvision's reader runs
"""

from __future__ import annotations

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from unlearnkit.errors import DataError


class _Type:
    """Stands in for numpy.dtype: which type, and that its byte order does not matter."""

    def __init__(self, name: bytes, *_: object) -> None:
        self.name = name

    def __setstate__(self, state: object) -> None:
        pass


class _Array:
    """Stands in for what numpy makes an array with: takes unsigned bytes in rows and nothing else."""

    def __init__(self, *_: object) -> None:
        self.values = np.empty((0, 0), np.uint8)

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, by_columns, content = state
        if not isinstance(kind, _Type) or kind.name != b"u1" or by_columns:
            raise ValueError("an array is not of unsigned bytes in rows")
        self.values = np.frombuffer(content, np.uint8).reshape(shape)


_STAND_INS = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type:
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no batch needs")
        return _STAND_INS[module, name]


def read_cifar_batches(
    root: Path, dataset: str, *, label: bytes, source: str
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], tuple[Path, ...]]:
    """Return images uint8 [60000, 3, 32, 32], labels int64 [60000], training rows first, and the files they come from.

    `dataset` is CIFAR10 or CIFAR100, the class of torchvision.datasets that lists the files and their md5 sums; its
    folder lies in `root`, and `label` is the labels' key in a batch. A file is read once, and its sum compared before
    it is unpickled. Raises DataError, naming them, if files are missing or not the published ones.
    """
    import torchvision.datasets

    published = getattr(torchvision.datasets, dataset)
    folder = root / published.base_folder
    batches = [*published.train_list, *published.test_list]
    sums = {**dict(batches), published.meta["filename"]: published.meta["md5"]}
    contents = {name: path.read_bytes() if (path := folder / name).is_file() else b"" for name in sums}
    bad = [name for name, md5 in sums.items() if hashlib.md5(contents[name], usedforsecurity=False).hexdigest() != md5]
    if bad:
        raise DataError(
            f"missing or damaged in '{folder}': {', '.join(bad)}",
            expected=f"the files of {published.filename}, whose md5 sums torchvision lists",
            remedy=f"get the archive again from {source} and unpack it",
        )
    parts = [read_batch(contents[name], label) for name, _ in batches]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return images, labels, tuple(folder / name for name, _ in batches)


def read_batch(content: bytes, label: bytes = b"labels") -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return images uint8 [samples, 3, 32, 32] and labels int64 [samples] of a batch file's content.

    Raises ValueError if it is not a batch.
    """
    try:
        batch = _Reader(io.BytesIO(content), encoding="bytes").load()
        images, labels = batch[b"data"].values, np.array(batch[label], np.int64)
        return images.reshape(len(labels), 3, 32, 32), labels
    # a damaged pickle may end in nearly any exception
    except Exception as error:
        raise ValueError(f"not a batch: {error}") from None
