"""The idx reader: every kind of damage is told by the file's name."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from unlearnkit.data.images.idx import read_idx, read_idx_set
from unlearnkit.errors import DataError

IMAGES = bytes((0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4)) + bytes(range(24))


def test_reads_plain_and_compressed(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(IMAGES)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(IMAGES))
    for name in ("plain", "packed.gz"):
        np.testing.assert_array_equal(read_idx(tmp_path / name, (2, 3, 4)), np.arange(24).reshape(2, 3, 4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with nothing and has 0 bytes"),
        (b"\0\0\x08\x01" + IMAGES[4:], r"begins with 00000801.*; expected 00000803"),
        (b"\0\0\x0d\x03" + IMAGES[4:], r"begins with 00000d03.*; expected 00000803"),
        (IMAGES[:7] + b"\1" + IMAGES[8:], r"begins with 0000080300000001.*; expected 0000080300000002"),
        (b"PK\x03\x04" + IMAGES[4:], "504b0304"),
        (IMAGES[:9], "9 bytes"),
        (IMAGES[:-1], r"39 bytes.*expected .* and 40 bytes, an idx file of the shape \[2, 3, 4\]"),
        (IMAGES + b"\0", "41 bytes or more"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "16 bytes"),
    ],
)
def test_wrong_header_or_size(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "train-images-idx3-ubyte"
    file.write_bytes(content)
    with pytest.raises(DataError, match=rf"'{file}'.*{message}.*Get the file again"):
        read_idx(file, (2, 3, 4))


@pytest.mark.parametrize("damage", ["flip", "truncate", "not gzip", "absent"])
def test_damaged_real_file(damage: str, shared_data: Path, tmp_path: Path) -> None:
    file = tmp_path / "t10k-images-idx3-ubyte.gz"
    content = bytearray((shared_data / "mnist" / file.name).read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 0xFF
    elif damage == "truncate":
        content = content[: len(content) // 2]
    elif damage == "not gzip":
        content = bytearray(gzip.decompress(content))
    if damage != "absent":
        file.write_bytes(content)
    # reading stops a byte past the declared size, which the flipped byte passes before the checksum is reached
    problem = "begins with .* and has 7840017 bytes or more" if damage == "flip" else "cannot be read"
    with pytest.raises(DataError, match=rf"'{file}' {problem}"):
        read_idx(file, (10_000, 28, 28))


def write_set(folder: Path, mark: str = "-") -> None:
    for part, count in (("train", 2), ("t10k", 1)):
        images = IMAGES[:7] + bytes((count, 0, 0, 0, 4, 0, 0, 0, 4)) + bytes(16 * count)
        (folder / f"{part}-images{mark}idx3-ubyte").write_bytes(images)
        (folder / f"{part}-labels{mark}idx1-ubyte").write_bytes(bytes((0, 0, 8, 1, 0, 0, 0, count)) + bytes(count))


def read_set(root: Path) -> tuple[np.ndarray, np.ndarray, tuple[Path, ...]]:
    names = {"torchvision_name": "MNIST", "folder_name": "mnist", "source": "its publisher"}
    return read_idx_set(root, sizes=(2, 1), side=4, **names)


@pytest.mark.parametrize("mark", "-.")
def test_a_set_is_training_then_test_rows(mark: str, tmp_path: Path) -> None:
    write_set(tmp_path, mark)
    images, labels, files = read_set(tmp_path)
    assert images.shape == (3, 1, 4, 4)
    assert (labels.dtype, labels.shape) == (np.int64, (3,))
    assert sorted(files) == sorted(tmp_path.iterdir())


def test_missing_file_of_a_set(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte' is missing.*its publisher"):
        read_set(tmp_path)
