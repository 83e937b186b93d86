"""A user's own pictures: measured without reading them, decoded without loss, refused in one paragraph."""

from __future__ import annotations

import contextlib
import io
import random
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_pictures import CLASSES, save_classes, textures
from PIL import Image
from torchvision.datasets import ImageFolder

from unlearnkit.config.data.images import DataBlock
from unlearnkit.config.data.measured import image_facts
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import load_published
from unlearnkit.data.images.own_pictures import read_own_pictures
from unlearnkit.data.images.picture_files import picture_shape
from unlearnkit.data.images.picture_folder import picture_folder
from unlearnkit.errors import DataError

NOISE = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)


def block(root: Path, **keys: Any) -> DataBlock:
    return DataBlock.model_validate({"name": "image_folder", "root": str(root), **keys})


def loaded(root: Path, **keys: Any) -> ImageSet:
    return load_published("image_folder", root, None, block(root, **keys))[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_classes(tmp_path / "mine", 10)


def test_a_folder_of_classes_is_measured_and_read(folder: Path) -> None:
    found, image_set = image_facts(block(folder)), loaded(folder)
    assert found == (16, 4, CLASSES, (3, 8, 8), 0)
    assert image_set.split_sizes == {"train": 16, "validation": 4} and image_set.class_names == CLASSES
    assert np.bincount(image_set.labels[16:]).tolist() == [2, 2]
    for pixels, label, name in zip(image_set.images, image_set.labels, image_set.file_names, strict=True):
        np.testing.assert_array_equal(pixels.transpose(1, 2, 0), np.asarray(Image.open(folder / name)))
        assert name.startswith(CLASSES[label])
    scaled = image_set.train_images / 255
    np.testing.assert_allclose(image_set.mean, scaled.mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(image_set.std, scaled.std(axis=(0, 2, 3)), rtol=1e-12)


def test_measuring_imports_no_numpy(folder: Path, repository: Path) -> None:
    program = (
        "import sys; from unlearnkit.config.data.images import DataBlock\n"
        "from unlearnkit.config.data.measured import image_facts\n"
        f"data = DataBlock.model_validate({{'name': 'image_folder', 'root': {str(folder)!r}}})\n"
        "print(image_facts(data).train_size)\n"
        "print([name for name in ('torch', 'torchvision', 'numpy', 'sklearn') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == ["16", "[]"]


def test_positions_are_those_of_torchvisions_image_folder(folder: Path) -> None:
    image_set, theirs = loaded(folder), ImageFolder(str(folder))
    for name, position, label in zip(image_set.file_names, image_set.positions, image_set.labels, strict=True):
        assert theirs.samples[position] == (str(folder / name), label)


@pytest.mark.parametrize("held_out", ["validation", "val", "test"])
def test_folders_of_splits(held_out: str, tmp_path: Path) -> None:
    save_classes(tmp_path / "train", 5)
    save_classes(tmp_path / held_out, 3, seed=1)
    assert image_facts(block(tmp_path)) == (10, 6, CLASSES, (3, 8, 8), 0)
    assert {name.split("/")[0] for name in loaded(tmp_path).file_names[10:]} == {held_out}


def test_three_splits(tmp_path: Path) -> None:
    for seed, split in enumerate(("train", "val", "test")):
        save_classes(tmp_path / split, 4, seed=seed)
    assert loaded(tmp_path).split_sizes == {"train": 8, "validation": 8, "test": 8}


def test_which_pictures_validate_hardly_depends_on_the_others(tmp_path: Path) -> None:
    save_classes(tmp_path, 100)
    before = {picture.name for picture in picture_folder(tmp_path, None).validation}
    shutil.copy(tmp_path / "waves/00000.png", tmp_path / "waves/more.png")
    after = {picture.name for picture in picture_folder(tmp_path, None).validation}
    assert len(before) == len(after) == 40 and len(before - after) <= 1
    assert len(picture_folder(tmp_path, 0.5).validation) == 101


def test_a_class_keeps_a_picture_on_either_side(tmp_path: Path) -> None:
    save_classes(tmp_path, 2)
    for share in (0.01, 0.99):
        found = picture_folder(tmp_path, share)
        assert len(found.train) == len(found.validation) == 2


def test_what_lies_deeper_belongs_to_the_class_and_what_is_hidden_to_none(folder: Path) -> None:
    (folder / "waves/more").mkdir()
    Image.fromarray(NOISE).save(folder / "waves/more/UPPER.PNG")
    for name in (".DS_Store", "waves/.hidden.txt", "waves/Thumbs.db", "README.md"):
        (folder / name).touch()
    (folder / ".cache").mkdir()
    assert "waves/more/UPPER.PNG" in loaded(folder).file_names
    assert image_facts(block(folder)).train_size == 17


def test_pictures_of_many_sizes_are_resized(folder: Path) -> None:
    for number, size in enumerate([(8, 12), (30, 20)]):
        Image.fromarray(textures(1, 32, axis=0, seed=number)[0]).resize(size).save(folder / f"waves/{number}.png")
    with pytest.raises(DataError, match=r"has \d+ x \d+ pixels, but '.*png' has 8 x 8; .*data\.image"):
        loaded(folder)
    image_set = loaded(folder, image={"side": 16})
    assert (
        image_set.images.shape == (22, 3, 16, 16)
        and image_facts(block(folder, image={"side": 16})).image_shape[1] == 16
    )
    row = image_set.file_names.index("waves/1.png")
    expected = Image.open(folder / "waves/1.png").resize((16, 16), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(image_set.images[row].transpose(1, 2, 0), np.asarray(expected))


def test_large_pictures_need_a_side(folder: Path) -> None:
    for path in folder.glob("*/*.png"):
        Image.new("RGB", (8, 1030)).save(path)
    with pytest.raises(DataError, match=r"has 8 x 1030 pixels; expected at most 1024 x 1024.*data\.image"):
        image_facts(block(folder))
    assert image_facts(block(folder, image={"side": 8})).image_shape == (3, 8, 8)


def only_picture(folder: Path, picture: Image.Image, suffix: str, **options: Any) -> np.ndarray:
    """Save a picture and return it as it is read."""
    for path in folder.glob("waves/*.png"):
        path.unlink()
    picture.save(folder / f"waves/a{suffix}", **options)
    Image.fromarray(NOISE).save(folder / "waves/b.png")
    image_set = loaded(folder, image={"channels": 3})
    return image_set.images[image_set.file_names.index(f"waves/a{suffix}")].transpose(1, 2, 0)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".ppm", ".tif", ".TIFF", ".webp"])
def test_lossless_formats(suffix: str, folder: Path) -> None:
    options = {"lossless": True} if suffix == ".webp" else {}
    np.testing.assert_array_equal(only_picture(folder, Image.fromarray(NOISE), suffix, **options), NOISE)


def test_a_palette_black_and_white_and_an_opaque_alpha_lose_nothing(folder: Path) -> None:
    palette = Image.fromarray(NOISE).quantize(16)
    np.testing.assert_array_equal(only_picture(folder, palette, ".png"), np.asarray(palette.convert("RGB")))
    opaque = Image.fromarray(NOISE)
    opaque.putalpha(255)
    np.testing.assert_array_equal(only_picture(folder, opaque, ".png"), NOISE)
    bilevel = Image.fromarray(NOISE[..., 0] > 127)
    expected = np.repeat(255 * (NOISE[..., :1] > 127), 3, axis=2)
    np.testing.assert_array_equal(only_picture(folder, bilevel, ".png"), expected)


def test_a_photo_is_turned_upright(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    np.testing.assert_array_equal(only_picture(folder, Image.fromarray(NOISE), ".png", exif=exif), np.rot90(NOISE, -1))


def test_grey_pictures_have_one_channel_unless_three_are_asked_for(folder: Path) -> None:
    for path in folder.glob("*/*.png"):
        Image.open(path).convert("L").save(path)
    assert loaded(folder).images.shape[1] == 1
    Image.fromarray(NOISE).save(folder / "waves/colour.png")
    with pytest.raises(DataError, match=r"waves/colour.png' is in colour, but '.*' is grey; .*channels: 3"):
        loaded(folder)
    assert loaded(folder, image={"channels": 3}).images.shape[1] == 3


def transparent() -> Image.Image:
    picture = Image.fromarray(NOISE)
    picture.putalpha(Image.fromarray(NOISE[..., 0]))
    return picture


LOSSY = {
    "transparent pixels": (transparent(), ".png", {}),
    "more than 8 bits per channel": (Image.fromarray(NOISE[..., 0].astype(np.uint16)), ".png", {}),
    "2 pictures": (Image.fromarray(NOISE), ".tif", {"save_all": True, "append_images": [Image.fromarray(255 - NOISE)]}),
    "the colour space CMYK": (Image.fromarray(NOISE).convert("CMYK"), ".jpg", {}),
}


@pytest.mark.parametrize("problem", LOSSY)
def test_what_would_lose_something_is_refused(problem: str, folder: Path) -> None:
    picture, suffix, options = LOSSY[problem]
    with pytest.raises(DataError, match=rf"waves/a{suffix}' (has|holds) {problem}; expected "):
        only_picture(folder, picture, suffix, **options)


def deep_png() -> bytes:
    rows = b"".join(b"\0" + bytes(8 * 6) for _ in range(8))
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0), b"IDAT" + zlib.compress(rows), b"IEND")
    parts = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("content", [deep_png(), b"P6\n8 8\n65535\n" + bytes(384)], ids=["png", "ppm"])
def test_sixteen_bits_of_colour_are_refused_although_pillow_reads_eight(content: bytes, folder: Path) -> None:
    (folder / "waves/deep.png").write_bytes(content)
    assert Image.open(folder / "waves/deep.png").mode == "RGB"
    with pytest.raises(DataError, match=r"waves/deep\.png' has more than 8 bits per channel"):
        loaded(folder)


@pytest.mark.parametrize("width", [5, 16])
def test_rows_of_sixteen_bytes_are_not_sixteen_bits(width: int, tmp_path: Path) -> None:
    save_classes(tmp_path, 3, width)
    for path in tmp_path.glob("*/*.png"):
        Image.open(path).save(path.with_suffix(".bmp"))
        path.unlink()
    assert loaded(tmp_path).images.shape == (6, 3, width, width)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp", ".ppm"])
def test_damage_anywhere_is_a_stated_error_or_another_picture(suffix: str, tmp_path: Path) -> None:
    stream, draw = io.BytesIO(), random.Random(0)
    Image.fromarray(NOISE).save(stream, Image.registered_extensions()[suffix])
    for number in range(150):
        content = bytearray(stream.getvalue())
        content[draw.randrange(min(len(content), 200))] = draw.randrange(256)
        path = tmp_path / f"{number}{suffix}"
        path.write_bytes(content[: draw.randrange(len(content))] if number % 5 == 0 else content)
        with contextlib.suppress(DataError):
            assert read_own_pictures([path], picture_shape(path, None), None).dtype == np.uint8


def one_class(root: Path) -> None:
    shutil.rmtree(root / "waves")


def no_class(root: Path) -> None:
    shutil.rmtree(root / "waves")
    shutil.rmtree(root / "stripes")


def empty_class(root: Path) -> None:
    (root / "empty").mkdir()


def one_picture(root: Path) -> None:
    (root / "dots").mkdir()
    Image.fromarray(NOISE).save(root / "dots/a.png")


def loose(root: Path) -> None:
    Image.fromarray(NOISE).save(root / "a.png")


def other_suffix(root: Path) -> None:
    (root / "waves/notes.txt").touch()


def circle(root: Path) -> None:
    (root / "waves/again").symlink_to(root)


def link_to_itself(root: Path) -> None:
    (root / "waves/self.png").symlink_to("self.png")


def splits_of_other_classes(root: Path) -> None:
    shutil.move(root / "waves", root / "train/waves")
    shutil.move(root / "stripes", root / "train/stripes")
    save_classes(root / "val", 2, names=("stripes", "dots"))


def training_only(root: Path) -> None:
    shutil.move(root / "waves", root / "train/waves")
    shutil.move(root / "stripes", root / "train/stripes")


def splits_and_more(root: Path) -> None:
    save_classes(root / "train", 2)


def validation_twice(root: Path) -> None:
    training_only(root)
    save_classes(root / "val", 2)
    save_classes(root / "validation", 2)


def broken_first(root: Path) -> None:
    for path in root.glob("*/*.png"):
        path.write_bytes(b"not a picture")


LAYOUTS = {
    one_class: r"mine' has one class, 'stripes'; expected two or more folders",
    no_class: r"mine' has no folders of classes",
    empty_class: r"class 'empty' is empty",
    one_picture: r"class 'dots' has one picture",
    loose: r"mine/a\.png' lies beside the folders of classes, 1 in all",
    other_suffix: r"waves/notes\.txt' does not end like a picture; expected \.png, ",
    circle: r"the link '.*again.*' leads back to a folder that contains it",
    link_to_itself: r"waves/self\.png' is not a file, or a link to nothing",
    splits_of_other_classes: r"train and validation in .* have different classes: only one of them has dots, waves",
    training_only: r"has a folder 'train', but no pictures that validate",
    splits_and_more: r"has a folder 'stripes' beside 'train', which contains folders of classes",
    validation_twice: r"has both 'validation' and 'val'",
    broken_first: r"png' is not a readable picture \(cannot identify image file\); expected an undamaged one",
}


@pytest.mark.parametrize("change", LAYOUTS, ids=lambda change: change.__name__)
def test_a_folder_of_another_form_is_refused_before_anything_is_read(change: Any, folder: Path) -> None:
    change(folder)
    with pytest.raises(DataError, match=LAYOUTS[change]):
        image_facts(block(folder))


def test_a_root_is_needed_and_a_share_only_without_splits(folder: Path, tmp_path: Path) -> None:
    for root, problem in ((None, "data.root is null"), (tmp_path / "no", "data.root '.*no' does not exist")):
        with pytest.raises(DataError, match=problem):
            image_facts(DataBlock.model_validate({"name": "image_folder", "root": root and str(root)}))
    training_only(folder)
    save_classes(folder / "val", 2)
    with pytest.raises(DataError, match=r"data.holdout is 0.3, but '.*' has folders of splits"):
        image_facts(block(folder, holdout=0.3))


@pytest.mark.parametrize("content", [b"", b"not a picture", None])
def test_a_broken_picture_is_named(content: bytes | None, folder: Path) -> None:
    broken = folder / "waves/00003.png"
    broken.write_bytes(broken.read_bytes()[:-60] if content is None else content)
    with pytest.raises(
        DataError, match=r"waves/00003\.png' is not a readable picture \(.*\); expected an undamaged one"
    ):
        loaded(folder)


def test_a_black_folder_is_refused(folder: Path) -> None:
    for path in folder.glob("*/*.png"):
        Image.new("RGB", (8, 8)).save(path)
    with pytest.raises(DataError, match="all training pixels have the same value in channel 0"):
        loaded(folder)
