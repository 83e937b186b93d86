"""Real data sets, decoded once; CIFAR-10 also as the original batch files, byte for byte."""

from __future__ import annotations

import struct
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from unlearnkit.data.image_set import ImageSet
from unlearnkit.data.loading import load_image_set

_GROUP = 1000
"""cPickle appends list items in groups of this size."""


@pytest.fixture(scope="session")
def digits() -> ImageSet:
    """scikit-learn's digits."""
    return load_image_set("digits", None)


@pytest.fixture(scope="session")
def cifar10(shared_data: Path) -> ImageSet:
    """CIFAR-10, decoded from the sheets."""
    return load_image_set("cifar10", shared_data)


@pytest.fixture(scope="session")
def original_batches(shared_data: Path, cifar10: ImageSet) -> Iterator[Path]:
    """The root of a `cifar-10-batches-py` with the publisher's own bytes, as torchvision's md5 sums prove."""
    names = [
        name
        for part in ("train_00000", "train_25000", "test")
        for name in zipfile.ZipFile(shared_data / "cifar10" / f"{part}.zip").read("filenames.txt").split()
    ]
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "cifar-10-batches-py"
        folder.mkdir()
        (folder / "batches.meta").write_bytes((shared_data / "cifar10" / "batches.meta").read_bytes())
        for batch in range(6):
            rows = slice(10_000 * batch, 10_000 * (batch + 1))
            title = f"training batch {batch + 1} of 5" if batch < 5 else "testing batch 1 of 1"
            content = _python2_pickle(title, cifar10.labels[rows], cifar10.images[rows], names[rows])
            (folder / (f"data_batch_{batch + 1}" if batch < 5 else "test_batch")).write_bytes(content)
        yield Path(root)


def _python2_pickle(title: str, labels: np.ndarray, images: np.ndarray, names: list[bytes]) -> bytes:
    """Pickle a batch as Python 2's cPickle did: protocol 2, numbered memo entries (`put`) for shared objects only."""
    stream: list[bytes] = []
    memo = count(1)

    def put(*opcodes: bytes) -> None:
        for opcode in opcodes:
            entry = next(memo)
            stream.extend([opcode, b"q%c" % entry if entry < 256 else b"r" + struct.pack("<I", entry)])

    def put_text(text: bytes) -> None:
        put(b"U%c" % len(text) + text)

    put(b"\x80\x02}")
    stream.append(b"(")
    for text in (b"batch_label", title.encode(), b"labels"):
        put_text(text)
    put(b"]")
    for first in range(0, len(labels), _GROUP):
        stream.append(b"(" + b"".join(b"K%c" % label for label in labels[first : first + _GROUP].tolist()) + b"e")
    put_text(b"data")
    put(b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy\nndarray\n", b"K\0\x85U\x01b\x87R")
    put(b"(K\x01M" + struct.pack("<H", len(labels)) + b"M" + struct.pack("<H", 3072) + b"\x86cnumpy\ndtype\n")
    put(b"U\x02u1K\0K\x01\x87R")
    stream.append(b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89T" + struct.pack("<I", images.size))
    stream.extend([images.tobytes(), b"tb"])
    put_text(b"filenames")
    put(b"]")
    for first in range(0, len(names), _GROUP):
        stream.append(b"(")
        for name in names[first : first + _GROUP]:
            put_text(name)
        stream.append(b"e")
    return b"".join([*stream, b"u."])
