"""Real data sets, decoded once; CIFAR-10 also as the original batch files, byte for byte."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cifar_pickles import python2_pickle

from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import load_image_set


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
            content = python2_pickle(title, cifar10.labels[rows], cifar10.images[rows], names[rows])
            (folder / (f"data_batch_{batch + 1}" if batch < 5 else "test_batch")).write_bytes(content)
        yield Path(root)
