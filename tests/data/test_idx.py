"""The idx reader: every kind of damage is told by the file's name."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from unlearnkit.data.idx import read_idx, read_idx_set
from unlearnkit.errors import DataError

IMAGES = bytes((0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4)) + bytes(range(24))


def test_reads_plain_and_compressed(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(IMAGES)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(IMAGES))
    for name in ("plain", "packed.gz"):
        np.testing.assert_array_equal(read_idx(tmp_path / name, dimensions=3), np.arange(24).reshape(2, 3, 4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "of an empty file"),
        (b"\0\0\x08\x01" + IMAGES[4:], r"00000801; expected 00000803"),
        (b"\0\0\x0d\x03" + IMAGES[4:], r"00000d03; expected 00000803"),
        (b"PK\x03\x04" + IMAGES[4:], "504b0304"),
        (IMAGES[:9], "9 bytes"),
        (IMAGES[:-1], r"39 bytes.*expected 40 for the shape \[2, 3, 4\]"),
        (IMAGES + b"\0", "41 bytes"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "16 bytes"),
    ],
)
def test_wrong_header_or_size(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "train-images-idx3-ubyte"
    file.write_bytes(content)
    with pytest.raises(DataError, match=rf"'{file}'.*{message}.*Get the file again"):
        read_idx(file, dimensions=3)


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
    problem = "has 7840017 bytes or more" if damage == "flip" else "cannot be read"
    with pytest.raises(DataError, match=f"'{file}' {problem}"):
        read_idx(file, dimensions=3)


def write_set(folder: Path, *, labels: int = 2) -> None:
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(IMAGES)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(bytes((0, 0, 8, 1, 0, 0, 0, labels)) + bytes(labels))


def read_set(root: Path) -> tuple[np.ndarray, np.ndarray, tuple[Path, ...]]:
    return read_idx_set(root, torchvision_name="MNIST", folder_name="mnist", source="its publisher")


def test_a_set_is_training_then_test_rows(tmp_path: Path) -> None:
    write_set(tmp_path)
    images, labels, files = read_set(tmp_path)
    assert images.shape == (4, 1, 3, 4)
    assert (labels.dtype, labels.shape) == (np.int64, (4,))
    assert sorted(files) == sorted(tmp_path.iterdir())


def test_images_and_labels_that_differ_in_number(tmp_path: Path) -> None:
    write_set(tmp_path, labels=3)
    with pytest.raises(DataError, match="train-labels-idx1-ubyte' has 3 labels; expected 2"):
        read_set(tmp_path)


def test_missing_file_of_a_set(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte' is missing.*its publisher"):
        read_set(tmp_path)
