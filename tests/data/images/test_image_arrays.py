"""A user's own .npz file: what it must hold, in which forms, and what is refused without being read."""

from __future__ import annotations

import io
import pickle
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from made_pictures import textures

from unlearnkit.config.data.images import DataBlock
from unlearnkit.config.data.measured import image_facts
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import load_published
from unlearnkit.errors import DataError
from unlearnkit.facts.image_facts import ImageFacts

IMAGES = textures(12, 8, axis=0, seed=0)
LABELS = np.arange(12) % 2
SPLIT = np.array(["validation", *["train"] * 8, *["validation"] * 3])


def save(path: Path, **changes: Any) -> Path:
    """Save a sound file with changes; None leaves an array out."""
    arrays = {"images": IMAGES, "labels": LABELS, "split": SPLIT, **changes}
    np.savez_compressed(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def measured(path: Path) -> ImageFacts:
    return image_facts(DataBlock.model_validate({"name": "image_arrays", "root": str(path)}))


def loaded(path: Path) -> ImageSet:
    return load_published("image_arrays", path)[0]


@pytest.mark.parametrize(
    ("images", "channels"),
    [
        (IMAGES, 3),
        (np.asfortranarray(IMAGES), 3),
        (IMAGES.transpose(0, 3, 1, 2), 3),
        (IMAGES[..., 0], 1),
        (IMAGES[..., :1], 1),
        (IMAGES[:, None, :, :6, 0], 1),
    ],
    ids=["n h w 3", "fortran", "n 3 h w", "n h w", "n h w 1", "n 1 h w"],
)
def test_forms_of_images(images: npt.NDArray[np.uint8], channels: int, tmp_path: Path) -> None:
    path = save(tmp_path / "mine.npz", images=images)
    image_set = loaded(path)
    assert measured(path) == (8, 4, ("0", "1"), image_set.sample_shape, 0)
    rows = [*range(1, 9), 0, 9, 10, 11]
    expected = IMAGES[rows][..., :channels].transpose(0, 3, 1, 2)[..., : image_set.sample_shape[2]]
    np.testing.assert_array_equal(image_set.images, expected)
    assert image_set.positions.tolist() == rows and image_set.labels.tolist() == LABELS[rows].tolist()
    np.testing.assert_allclose(image_set.mean, image_set.train_images.mean(axis=(0, 2, 3)) / 255)


@pytest.mark.parametrize(
    "split", [np.where(SPLIT == "train", 0, 1).astype(np.uint8), SPLIT.astype("S"), np.where(SPLIT == "train", 0, 2)]
)
def test_forms_of_splits(split: np.ndarray, tmp_path: Path) -> None:
    assert measured(save(tmp_path / "mine.npz", split=split))[:2] == (8, 4)


def test_three_splits_and_names_of_classes_in_a_folder(tmp_path: Path) -> None:
    split = np.array(["train"] * 6 + ["validation"] * 2 + ["test"] * 4)
    save(tmp_path / "mine.npz", split=split, class_names=["cat", "dog"])
    assert measured(tmp_path) == (6, 2, ("cat", "dog"), (3, 8, 8), 4)
    assert loaded(tmp_path).split_sizes == {"train": 6, "validation": 2, "test": 4}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no labels": ({"labels": None}, r"has no array labels; expected the arrays images, labels, split"),
    "nothing": (
        {"images": None, "labels": None, "split": None},
        r"no array images and no array labels and no array split",
    ),
    "floating point": ({"images": IMAGES / 255}, r"images of the type float64; expected uint8, 0\.\.255\. Multiply"),
    "flat": ({"images": IMAGES.reshape(12, -1)}, r"images of the shape \[12, 192\]; expected \[n, height, width\]"),
    "alpha": ({"images": np.concatenate([IMAGES, IMAGES[..., :1]], 3)}, r"images of the shape \[12, 8, 8, 4\]"),
    "ambiguous": ({"images": IMAGES[:, :3]}, r"\[12, 3, 8, 3\], whose channels may be either axis"),
    "no images": (
        {"images": IMAGES[:0], "labels": LABELS[:0], "split": SPLIT[:0]},
        r"images of the shape \[0, 8, 8, 3\]",
    ),
    "few labels": (
        {"labels": LABELS[:7]},
        r"labels of the shape \[7\] for images of the shape \[12, 8, 8, 3\]; expected 12 labels",
    ),
    "one hot": ({"labels": np.eye(2, dtype=int)[LABELS]}, r"labels of the shape \[12, 2\]"),
    "negative": ({"labels": LABELS - 1}, r"labels such as -1; expected integers: 0 for the first class"),
    "words": ({"labels": np.array(["cat", "dog"])[LABELS]}, r"labels of the type <U3; expected integers"),
    "gaps": (
        {"labels": 2 * LABELS},
        r"no training image with the label 1, but labels up to 2; expected labels without gaps",
    ),
    "absurd label": (
        {"labels": LABELS * 2**62},
        r"no training image with the label 1, but labels up to 4611686018427387904",
    ),
    "only held out": ({"labels": np.where(SPLIT == "train", 0, 1)}, r"no training image with the label 1"),
    "more labels": ({"class_names": ["cat"]}, r"the label 1, but 1 class_names; expected labels from 0 to 0"),
    "more names": ({"class_names": ["a", "b", "c"]}, r"no training image with the label 2"),
    "equal names": (
        {"class_names": ["cat", "cat"]},
        r"class_names of the type <U3 and the shape \[2\]; expected one text per",
    ),
    "one class": ({"labels": 0 * LABELS}, r"has one class; expected two or more"),
    "no training": ({"split": np.full(12, "test")}, r"no images of the split train"),
    "no validation": (
        {"split": np.full(12, "train")},
        r"no images of the split validation; expected images that train and",
    ),
    "another split": (
        {"split": np.where(SPLIT == "train", "train", "dev")},
        r"has 'dev' in split; expected train, validation, test, or 0",
    ),
    "another number": ({"split": LABELS + 2}, r"has 2|3 in split"),
    "objects": ({"labels": LABELS.astype(object)}, r"an array labels that cannot be read \(it holds Python objects"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_of_another_form_is_refused_before_its_images_are_read(case: str, tmp_path: Path) -> None:
    changes, problem = WRONG[case]
    with pytest.raises(DataError, match=rf"'.*mine\.npz' has .*{problem.removeprefix('has ')}|{problem}"):
        measured(save(tmp_path / "mine.npz", **changes))


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    class Canary:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    for name in ("images", "labels", "split", "class_names"):
        with pytest.raises(DataError, match=f"an array {name} that cannot be read"):
            measured(save(tmp_path / "mine.npz", **{name: np.array([Canary()] * 12, object)}))
    assert not (tmp_path / "ran").exists()
    assert pickle.dumps(Canary())


def test_no_such_file_none_in_the_folder_and_another_kind_of_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data.root '.*no\.npz' does not exist"):
        measured(tmp_path / "no.npz")
    with pytest.raises(DataError, match=r"data.root is null; expected the \.npz file"):
        image_facts(DataBlock.model_validate({"name": "image_arrays"}))
    with pytest.raises(DataError, match=r"holds 0 \.npz files"):
        measured(tmp_path)
    (tmp_path / "mine.npz").write_bytes(b"not a zip")
    with pytest.raises(DataError, match=r"mine\.npz' cannot be read \(File is not a zip file\)"):
        measured(tmp_path)


def test_a_damaged_array_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, images=IMAGES, labels=LABELS, split=SPLIT)
    content = bytearray(path.read_bytes())
    content[1000] ^= 1  # a pixel
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"an array images that cannot be read \(Bad CRC-32"):
        loaded(path)


@pytest.mark.parametrize("name", ["images", "labels"])
@pytest.mark.parametrize("shape", ["(1000000000000,)", "(12,)"])
def test_an_array_that_is_not_what_its_header_states_is_not_unpacked(name: str, shape: str, tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, np.zeros(12, np.uint8))
    header = stream.getvalue()[:-12].replace(b"(12,), }" + b" " * (len(shape) - 5), f"{shape}, }}".encode())
    save(tmp_path / "sound.npz")
    with (
        zipfile.ZipFile(tmp_path / "sound.npz") as sound,
        zipfile.ZipFile(tmp_path / "mine.npz", "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for member in ("images", "labels", "split"):
            content = header + bytes(200 * 2**20) if member == name else sound.read(f"{member}.npy")
            archive.writestr(f"{member}.npy", content)
    tracemalloc.start()
    with pytest.raises(
        DataError, match=rf"an array {name} that cannot be read \(it has 2097\d+ bytes for uint8 values"
    ):
        measured(tmp_path / "mine.npz")
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()
