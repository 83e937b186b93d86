"""Living-17 from an ImageNet folder: which classes, which files, which part of a picture."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from unlearnkit.data.images import living17, living17_imagenet
from unlearnkit.data.images.living17_imagenet import SUBCLASSES, list_pictures
from unlearnkit.data.images.pictures import centre_crop
from unlearnkit.errors import DataError

COUNTS = {"train": 4, "val": 1}
SIDE = 8


@pytest.fixture
def imagenet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like ImageNet's with four and one pictures a class; a picture's colour says which it is."""
    monkeypatch.setattr(living17_imagenet, "_IMAGES", COUNTS)
    monkeypatch.setattr(living17_imagenet, "TRAIN_SIZE", 136)
    monkeypatch.setattr(living17_imagenet, "VALIDATION_SIZE", 68)
    monkeypatch.setattr(living17_imagenet, "IMAGE_SHAPE", (3, SIDE, SIDE))
    shuffled = random.Random(0)
    classes = [(label, name) for label, names in enumerate(SUBCLASSES) for name in names]
    for number in shuffled.sample(range(68), 68):
        label, name = classes[number]
        for part, count in COUNTS.items():
            (tmp_path / part / name).mkdir(parents=True)
            for image in shuffled.sample(range(count), count):
                stem = f"{name}_{10 + image}" if part == "train" else f"ILSVRC2012_val_{number:08d}"
                colour = (10 * label, 3 * number, 50 * image if part == "train" else 250)
                picture = Pillow.new("RGB", (40 + image, 30), colour)
                picture.save(tmp_path / part / name / f"{stem}.JPEG", "JPEG", quality=100, subsampling=0)
    (tmp_path / "train" / "n01440764").mkdir()  # a class of ImageNet that is not one of Living-17
    return tmp_path


def test_labels_follow_pictures(imagenet: Path) -> None:
    image_set = living17_imagenet.load(imagenet)
    colours = image_set.images[:, :, SIDE // 2, SIDE // 2].astype(int)
    np.testing.assert_allclose(colours[:, 0], 10 * image_set.labels, atol=3)
    assert image_set.split_sizes == {"train": 136, "validation": 68}
    assert (colours[:136, 2] < 200).all()
    assert (colours[136:, 2] > 200).all()
    assert image_set.labels[136:].tolist() == np.repeat(np.arange(17), 4).tolist()


def test_training_half_is_a_fixed_draw_without_repeats(imagenet: Path) -> None:
    image_set = living17_imagenet.load(imagenet)
    colours = image_set.images[:136, 1:, SIDE // 2, SIDE // 2].astype(int)
    pictures = {(round(number / 3), round(image / 50)) for number, image in colours}
    assert len(pictures) == 136
    chosen = np.random.RandomState(0).permutation(272)[:136]
    pool = [(number, image) for number in range(68) for image in range(4)]
    assert [(round(number / 3), round(image / 50)) for number, image in colours] == [pool[row] for row in chosen]


@pytest.mark.parametrize("change", ["missing", "too many", "foreign name"])
def test_incomplete_class_is_named(change: str, imagenet: Path) -> None:
    name = SUBCLASSES[8][2]
    folder = imagenet / "train" / name
    picture = folder / f"{name}_10.JPEG"
    if change == "too many":
        (folder / f"{name}_99.JPEG").write_bytes(picture.read_bytes())
    else:
        picture.rename(folder / "n01440764_10.JPEG" if change == "foreign name" else imagenet / "elsewhere")
    with pytest.raises(DataError, match=rf"'{folder}' holds \d pictures of dog .*; expected 4, like {name}_10026"):
        living17_imagenet.load(imagenet)


def test_damaged_picture_is_named(imagenet: Path) -> None:
    path = imagenet / "val" / SUBCLASSES[0][0] / "ILSVRC2012_val_00000000.JPEG"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match=rf"'{path}' cannot be read"):
        living17_imagenet.load(imagenet)


def test_complete_folder_by_names(tmp_path: Path) -> None:
    for names in SUBCLASSES:
        for name in names:
            (tmp_path / name).mkdir()
            for number in range(50):
                (tmp_path / name / f"ILSVRC2012_val_{number:08d}_{name}.JPEG").touch()
    pictures = list(list_pictures(tmp_path, 50))
    assert len(pictures) == living17_imagenet.VALIDATION_SIZE
    assert [label for _, label in pictures] == sorted(label for _, label in pictures)


def test_classes_are_what_breeds_draws() -> None:
    assert len({name for names in SUBCLASSES for name in names}) == 68
    assert all(len(names) == 4 for names in SUBCLASSES)
    # labels number the superclasses by WordNet identifier, and so by their smallest class
    assert [names[0] for names in SUBCLASSES[:8]] == sorted(names[0] for names in SUBCLASSES[:8])
    for name in ("CLASS_NAMES", "IMAGE_SHAPE", "TRAIN_SIZE", "VALIDATION_SIZE", "MEAN", "STD"):
        assert getattr(living17, name) == getattr(living17_imagenet, name)


@pytest.mark.parametrize(("width", "height"), [(500, 375), (375, 500), (256, 256), (100, 80)])
def test_crop_is_the_middle_of_the_picture(width: int, height: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    edge = int(0.875 * min(width, height))
    top, left = (height - edge) // 2, (width - edge) // 2
    middle = Pillow.fromarray(pixels[top : top + edge, left : left + edge])
    found = centre_crop(Pillow.fromarray(pixels), 224, 0.875)
    np.testing.assert_array_equal(np.asarray(found), np.asarray(middle.resize((224, 224), Pillow.Resampling.BILINEAR)))


def test_grey_and_palette_pictures_become_colour() -> None:
    for mode in ("L", "P", "CMYK"):
        assert centre_crop(Pillow.new(mode, (64, 64)), 32, 0.875).mode == "RGB"
