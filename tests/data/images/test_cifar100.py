"""CIFAR-100 from the original files; none is opened unchecked. The real files are not here: see docs/data.md."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from cifar_pickles import python2_pickle
from torchvision.datasets import CIFAR100

from unlearnkit.data.images import cifar100 as module
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.errors import DataError

TRAIN, TEST = 500, 100


def written(root: Path) -> dict[str, np.ndarray]:
    """Write files of CIFAR-100's form with made-up content; return what they hold."""
    folder = root / "cifar-100-python"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    content: dict[str, np.ndarray] = {}
    for part, samples in (("train", TRAIN), ("test", TEST)):
        pixels = rng.integers(0, 256, (samples, 3072), dtype=np.uint8)
        fine = rng.permutation(np.arange(samples) % 100)
        (folder / part).write_bytes(python2_pickle(part, fine, pixels, [], label=b"fine_labels"))
        content[part], content[f"{part} labels"] = pixels, fine
    (folder / "meta").write_bytes(pickle.dumps({"fine_label_names": list(module.CLASS_NAMES)}, protocol=2))
    return content


def test_files_of_the_published_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRAIN_SIZE", TRAIN)
    monkeypatch.setattr(module, "VALIDATION_SIZE", TEST)
    content = written(tmp_path / "cifar100")
    sums = {f.name: hashlib.md5(f.read_bytes()).hexdigest() for f in (tmp_path / "cifar100").rglob("*") if f.is_file()}
    # the md5 sums of the made-up files, in the place of the published ones
    monkeypatch.setattr(CIFAR100, "train_list", [["train", sums["train"]]])
    monkeypatch.setattr(CIFAR100, "test_list", [["test", sums["test"]]])
    monkeypatch.setattr(CIFAR100, "meta", {**CIFAR100.meta, "md5": sums["meta"]})
    image_set = load_image_set("cifar100", tmp_path)
    assert image_set.images.shape == (TRAIN + TEST, 3, 32, 32)
    np.testing.assert_array_equal(image_set.images.reshape(-1, 3072)[:TRAIN], content["train"])
    np.testing.assert_array_equal(image_set.images.reshape(-1, 3072)[TRAIN:], content["test"])
    np.testing.assert_array_equal(image_set.labels, np.r_[content["train labels"], content["test labels"]])
    assert image_set.split_sizes == {"train": TRAIN, "validation": TEST}


class Trap:
    """Leaves a folder behind when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple:
        import os

        return os.mkdir, (str(self.folder),)


def test_other_files_are_named_and_never_opened(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    for name in ("train", "meta"):
        (folder / name).write_bytes(pickle.dumps(Trap(tmp_path / "opened")))
    with pytest.raises(
        DataError, match=rf"missing or damaged in '{folder}': train, test, meta; .*cifar-100-python\.tar"
    ):
        module.load(tmp_path)
    assert not (tmp_path / "opened").exists()


def test_class_names_are_sorted_as_the_labels_are() -> None:
    # the publisher's labels number the names in alphabetical order
    assert list(module.CLASS_NAMES) == sorted(module.CLASS_NAMES)
    assert len(set(module.CLASS_NAMES)) == 100
