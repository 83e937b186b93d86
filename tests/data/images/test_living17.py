"""Living-17 from tensor files: pixels come back whole, whatever is no pixel is refused, no code of a file is run."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from unlearnkit.data.images import living17
from unlearnkit.data.images.tensor_files import read_tensor_file
from unlearnkit.errors import DataError

SIDE, SAMPLES = 6, 1203  # more than two chunks
MEAN, STD = living17.MEAN, living17.STD


def pixels(samples: int = SAMPLES) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (samples, 3, SIDE, SIDE), dtype=torch.uint8, generator=generator)


def normalised(images: torch.Tensor) -> torch.Tensor:
    mean, std = (torch.tensor(part)[:, None, None] for part in (MEAN, STD))
    return (images.float() / 255 - mean) / std


def labels(samples: int = SAMPLES) -> torch.Tensor:
    return torch.arange(samples) % 17


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    images, found = np.empty((SAMPLES, 3, SIDE, SIDE), np.uint8), np.empty(SAMPLES, np.int64)
    read_tensor_file(path, images, found, classes=17, mean=MEAN, std=STD, source="their publisher")
    return images, found


FORMS = {
    "uint8": lambda images: images,
    "float16 grey levels": lambda images: images.half(),
    "float16 normalised": lambda images: normalised(images).half(),
    "float32 normalised": normalised,
    "channels last": lambda images: images.permute(0, 2, 3, 1).contiguous(),
    "channels last in memory": lambda images: images.contiguous(memory_format=torch.channels_last),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_grey_level_comes_back(form: str, tmp_path: Path) -> None:
    images = pixels()
    assert set(images.flatten().tolist()) == set(range(256))
    torch.save((FORMS[form](images), labels()), tmp_path / "file.pt")
    found, found_labels = read(tmp_path / "file.pt")
    np.testing.assert_array_equal(found, images.numpy())
    np.testing.assert_array_equal(found_labels, labels().numpy())


@pytest.mark.parametrize("kind", ["list", "narrow labels", "column of labels"])
def test_pairs_of_other_kinds(kind: str, tmp_path: Path) -> None:
    narrow = labels().to(torch.uint8)
    pair: Any = {
        "list": [pixels(), labels()],
        "narrow labels": (pixels(), narrow),
        "column of labels": (pixels(), labels()[:, None]),
    }[kind]
    torch.save(pair, tmp_path / "file.pt")
    assert read(tmp_path / "file.pt")[1].tolist() == labels().tolist()


def test_first_samples_of_a_longer_pool(tmp_path: Path) -> None:
    torch.save((pixels(2 * SAMPLES), labels(2 * SAMPLES)), tmp_path / "file.pt")
    np.testing.assert_array_equal(read(tmp_path / "file.pt")[0], pixels(2 * SAMPLES)[:SAMPLES].numpy())


def changed(row: int, value: float) -> torch.Tensor:
    images = pixels().float()
    images[row, 0, 0, 0] = value
    return images


WRONG: dict[str, tuple[Any, str]] = {
    "other type": ((pixels().to(torch.int32), labels()), "images of type torch.int32; expected uint8"),
    "double precision": ((pixels().double(), labels()), "images of type torch.float64"),
    "too few": ((pixels(SAMPLES - 1), labels(SAMPLES - 1)), r"shape \[1202, 3, 6, 6\]; expected \[1203, 3, 6, 6\]"),
    "other side": ((torch.zeros(SAMPLES, 3, 5, 5), labels()), r"shape \[1203, 3, 5, 5\]"),
    "no images": ((labels(), labels()), "images of"),
    "one tensor": (pixels(), "a Tensor; expected a pair"),
    "three tensors": ((pixels(), labels(), labels()), "a tuple; expected a pair"),
    "state dict": ({"images": pixels(), "labels": labels()}, "a dict; expected a pair"),
    "scaled to 0..1": ((pixels().float() / 255, labels()), "not pixels; expected whole grey levels"),
    "fraction in the last chunk": ((changed(1202, 7.5), labels()), "not pixels"),
    "beyond white": ((changed(3, 256), labels()), "not pixels"),
    "NaN": ((changed(700, float("nan")), labels()), "not pixels"),
    "infinity": ((changed(700, float("inf")), labels()), "not pixels"),
    "other normalisation": (((pixels().float() - 128) / 64, labels()), "not pixels"),
    "fewer labels": ((pixels(), labels(SAMPLES - 1)), r"shape \[1202\]; expected 1203 whole numbers"),
    "floating labels": ((pixels(), labels().float()), "labels torch.float32"),
    "unknown label": ((pixels(), labels() + 1), r"labels 1\.\.17; expected 0\.\.16"),
    "negative label": ((pixels(), labels() - 1), r"labels -1\.\.15"),
}


@pytest.mark.parametrize("case", WRONG)
def test_anything_else_is_refused(case: str, tmp_path: Path) -> None:
    content, message = WRONG[case]
    torch.save(content, tmp_path / "file.pt")
    with pytest.raises(DataError, match=rf"'{tmp_path}/file\.pt' holds .*{message}.*[Gg]et it again from"):
        read(tmp_path / "file.pt")


class Trap:
    """Leaves a folder behind when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.folder),)


def test_trap_works(tmp_path: Path) -> None:
    torch.save((pixels(2), Trap(tmp_path / "opened")), tmp_path / "file.pt")
    torch.load(tmp_path / "file.pt", weights_only=False)
    assert (tmp_path / "opened").is_dir()


@pytest.mark.parametrize("form", ["torch.save", "plain pickle"])
def test_code_in_a_file_is_not_run(form: str, tmp_path: Path) -> None:
    content = (pixels(), labels(), Trap(tmp_path / "opened"))
    if form == "torch.save":
        torch.save(content, tmp_path / "file.pt")
    else:
        (tmp_path / "file.pt").write_bytes(pickle.dumps(Trap(tmp_path / "opened")))
    with pytest.raises(DataError, match=r"file\.pt' (holds more than tensors and was not opened|cannot be read)"):
        read(tmp_path / "file.pt")
    assert not (tmp_path / "opened").exists()


@pytest.mark.parametrize("kept", [0, 100, 100_000])
def test_damaged_file_is_named(kept: int, tmp_path: Path) -> None:
    torch.save((pixels(), labels()), tmp_path / "file.pt")
    (tmp_path / "file.pt").write_bytes((tmp_path / "file.pt").read_bytes()[:kept])
    with pytest.raises(DataError, match=rf"'{tmp_path}/file\.pt' cannot be read"):
        read(tmp_path / "file.pt")


def test_both_files_of_the_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the published form at a hundredth of its number and side
    for name, value in {"TRAIN_SIZE": 442, "VALIDATION_SIZE": 34, "IMAGE_SHAPE": (3, SIDE, SIDE)}.items():
        monkeypatch.setattr(living17, name, value)
    (tmp_path / "data" / "living17").mkdir(parents=True)
    torch.save((normalised(pixels(884)).half(), labels(884)), tmp_path / "data/living17/raw_tensors_tr_new.pt")
    with pytest.raises(DataError, match=r"raw_tensors_val_new\.pt' cannot be read"):
        living17.load(tmp_path)
    torch.save((pixels(34), labels(34)), tmp_path / "data/living17/raw_tensors_val_new.pt")
    image_set = living17.load(tmp_path)
    np.testing.assert_array_equal(image_set.images, np.r_[pixels(884).numpy()[:442], pixels(34).numpy()])
    assert image_set.split_sizes == {"train": 442, "validation": 34}
    monkeypatch.chdir(tmp_path)  # without a root they are looked for in data/
    assert living17.load(None).content_hash == image_set.content_hash
