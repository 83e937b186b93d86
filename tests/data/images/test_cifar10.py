"""CIFAR-10 from the lossless sheets and from the original batch files; no part is opened unchecked."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unlearnkit.data.images import cifar10 as module
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.data.images.sheets import read_sheets
from unlearnkit.errors import DataError


def test_sheets_hold_the_published_bytes(cifar10: ImageSet) -> None:
    # sums of the training and test images, from the README of the sheets
    channels_last = np.ascontiguousarray(cifar10.images.transpose(0, 2, 3, 1))
    sums = [hashlib.sha256(rows.data).hexdigest() for rows in (channels_last[:50_000], channels_last[50_000:])]
    assert sums == [
        "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
        "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
    ]
    assert cifar10.images.shape == (60_000, 3, 32, 32)
    assert np.bincount(cifar10.train_labels).tolist() == [5000] * 10
    np.testing.assert_allclose(cifar10.train_images.mean((0, 2, 3)) / 255, module.MEAN, atol=1e-4)


def test_declared_deviation_is_the_published_one(cifar10: ImageSet) -> None:
    within_images = cifar10.train_images[:10_000].std(axis=(2, 3), dtype=np.float32).mean(axis=0) / 255
    np.testing.assert_allclose(module.STD, within_images, atol=1e-3)


def test_original_batches_hold_the_same(cifar10: ImageSet, original_batches: Path) -> None:
    image_set = load_image_set("cifar10", original_batches)
    assert image_set.content_hash == cifar10.content_hash == module.CONTENT_HASH


@pytest.mark.parametrize("name", ["data_batch_4", "test_batch", "batches.meta"])
def test_damaged_batch_is_named_and_never_opened(name: str, original_batches: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for file in (original_batches / folder.name).iterdir():
        (folder / file.name).symlink_to(file)
    (folder / name).unlink()
    (folder / name).write_bytes(pickle.dumps(Trap(tmp_path / "opened")))
    with pytest.raises(DataError, match=f"missing or damaged in '{folder}': {name};"):
        module.load(tmp_path)
    assert not (tmp_path / "opened").exists()


class Trap:
    """Leaves a folder behind when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.folder),)


def test_trap_works(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Trap(tmp_path / "opened")))
    assert (tmp_path / "opened").is_dir()


def test_missing_batches_are_named(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    with pytest.raises(DataError, match=r"data_batch_1, .*test_batch, batches\.meta"):
        module.load(tmp_path)


def test_missing_part_is_named(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "test.zip").symlink_to(shared_data / "cifar10" / "test.zip")
    with pytest.raises(DataError, match=f"'{tmp_path}/train_00000.zip' cannot be read"):
        module.load(tmp_path)


@pytest.mark.parametrize("damage", ["flip", "truncate"])
def test_damaged_part_is_named(damage: str, shared_data: Path, tmp_path: Path) -> None:
    content = bytearray((shared_data / "cifar10" / "test.zip").read_bytes())
    content[100_000] ^= 0xFF
    (tmp_path / "test.zip").write_bytes(content if damage == "flip" else content[: len(content) // 2])
    with pytest.raises(DataError, match=f"'{tmp_path}/test.zip' cannot be read .*Copy it again"):
        read_sheets(tmp_path / "test.zip")


def sheet(width: int = 320, height: int = 800) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (width, height)).save(content, "WEBP", lossless=True)
    return content.getvalue()


def labels(count: int = 250, dtype: type = np.uint8) -> bytes:
    content = io.BytesIO()
    np.save(content, np.zeros(count, dtype))
    return content.getvalue()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"sheet_00000.webp": sheet()}, "labels.npy"),
        ({"labels.npy": labels()}, "cannot be read"),
        ({"labels.npy": labels(), "sheet_00000.webp": sheet(320, 320)}, r"\(320, 320\) pixels"),
        ({"labels.npy": labels(), "sheet_00000.webp": b"RIFF"}, "cannot identify"),
        ({"labels.npy": labels(dtype=object), "sheet_00000.webp": sheet()}, "allow_pickle"),
        ({"labels.npy": labels(249), "sheet_00000.webp": sheet()}, r"250 images and labels of shape \[249\]"),
    ],
)
def test_incomplete_part(members: dict[str, bytes], message: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "part.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(DataError, match=f"'{tmp_path}/part.zip'.*{message}"):
        read_sheets(tmp_path / "part.zip")
