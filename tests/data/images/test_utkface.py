"""UTKFace from a folder: names, ages, number and sizes are checked, and the order of the directory does not matter."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from unlearnkit.data.images import utkface
from unlearnkit.data.images.pictures import read_pictures
from unlearnkit.errors import DataError
from unlearnkit.workflow.raw_files import raw_files

# real names, some with a field missing or a slip of the pen, by age and time
NAMES = [
    "1_0_2_20161219140530307.jpg.chip.jpg",
    "24_0_1_20170116220224657 .jpg.chip.jpg",
    "39_1_20170116174525125.jpg.chip.jpg",
    "55_0_0_20170116232725357jpg.chip.jpg",
    "61_1_20170109142408075.jpg.chip.jpg",
    "79_0_0_20170109142408075.jpg.chip.jpg",
    "80_0_0_20170109142408075.jpg.chip.jpg",
    "100_1_0_20170110183726390.jpg.chip.jpg",
]
AGES = [1, 24, 39, 55, 61, 79, 80, 100]
# what common cleaning scripts make of the defective ones
REPAIRED = {
    "24_0_1_20170116220224657 .jpg.chip.jpg": "24_0_1_20170116220224657.jpg.chip.jpg",
    "39_1_20170116174525125.jpg.chip.jpg": "39_1_1_20170116174525125.jpg.chip.jpg",
    "55_0_0_20170116232725357jpg.chip.jpg": "55_0_0_20170116232725357.jpg.chip.jpg",
    "61_1_20170109142408075.jpg.chip.jpg": "61_1_1_20170109142408075.jpg.chip.jpg",
}


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A folder of eight faces, one grey level each, written in a random order."""
    for row in random.Random(1).sample(range(8), 8):
        Pillow.new("RGB", (200, 200), (25 * row, 0, 0)).save(tmp_path / NAMES[row], "JPEG", quality=100)
    return tmp_path


def test_order_of_the_directory_does_not_matter(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the published code took the files as the directory listed them
    listed = list(faces.glob("*.jpg"))
    for order in (sorted(listed), sorted(listed, reverse=True), random.Random(2).sample(listed, 8)):
        monkeypatch.setattr(Path, "glob", lambda self, pattern, order=order: iter(order))
        files, ages = utkface.list_faces(faces, expected=8)
        assert [file.name for file in files] == NAMES
        assert ages.tolist() == AGES


@pytest.mark.parametrize(
    "neighbour", ["61_1_0_20170109142408075.jpg.chip.jpg", "61_1_4_20170109142408075.jpg.chip.jpg"]
)
def test_repaired_names_move_no_row(neighbour: str, faces: Path) -> None:
    # of the same age and time as a defective name, which sorted behind it, but its repaired form may not
    Pillow.new("RGB", (200, 200), (0, 99, 0)).save(faces / neighbour, "JPEG", quality=100)
    before = [file.read_bytes() for file in utkface.list_faces(faces, expected=9)[0]]
    for published, repaired in REPAIRED.items():
        (faces / published).rename(faces / repaired)
    assert [file.read_bytes() for file in utkface.list_faces(faces, expected=9)[0]] == before


def test_pictures_follow_their_files(faces: Path) -> None:
    files, ages = utkface.list_faces(faces, expected=8)
    order = utkface.split_order(8)
    images = read_pictures([files[row] for row in order], 200, lambda face: face, source="")
    np.testing.assert_allclose(images[:, 0, 100, 100], 25 * order, atol=2)
    assert images.shape == (8, 3, 200, 200)
    assert utkface.age_bins(ages).tolist() == [0, 1, 1, 2, 3, 3, 4, 4]


def test_order_is_the_published_permutation() -> None:
    order = utkface.split_order(23_708)
    # the published code: the first fifth of default_rng(123).permutation is the test set
    permuted = np.random.default_rng(123).permutation(23_708)
    assert sorted(order) == list(range(23_708))
    assert order[-4741:].tolist() == permuted[: int(0.2 * 23_708)].tolist()
    assert order[-4741:][:5].tolist() == [18177, 23114, 5270, 15540, 17563]
    assert len(order) == utkface.TRAIN_SIZE + utkface.VALIDATION_SIZE


@pytest.mark.parametrize(
    "name",
    [
        "117_0_0_20170109142408075.jpg.chip.jpg",
        "26_1_3_20170117175041574.jpg.chip (1).jpg",
        "26_1_3_20170117175041574.jpg",
        "26_5_3_20170117175041574.jpg.chip.jpg",
        "face.jpg.chip.jpg",
        "._1_0_2_20161219140530307.jpg.chip.jpg",
    ],
)
def test_foreign_name_is_refused(name: str, faces: Path) -> None:
    (faces / name).write_bytes(b"")
    with pytest.raises(DataError, match=r"holds 1 \.jpg files that UTKFace does not have") as caught:
        utkface.load(faces)
    assert f"'{name}'" in str(caught.value)


def test_other_files_beside_the_faces_do_not_matter(faces: Path) -> None:
    (faces / ".DS_Store").write_bytes(b"")
    assert len(utkface.list_faces(faces, expected=8)[0]) == 8


def test_faces_are_inputs(faces: Path, tmp_path: Path) -> None:
    assert raw_files("unlearnkit.data.images.utkface", faces) == sorted(str(faces / name) for name in NAMES)
    assert raw_files("unlearnkit.data.images.utkface", tmp_path / "absent") == []


def test_incomplete_folder_is_refused(faces: Path) -> None:
    with pytest.raises(DataError, match=r"holds 8 faces; expected 23708.*UTKFace\.tar\.gz"):
        utkface.load(faces)


def test_complete_folder_by_names(tmp_path: Path) -> None:
    for number in range(23_708):
        (tmp_path / f"{number % 117}_0_1_{20170109000000000 + number}.jpg.chip.jpg").touch()
    files, ages = utkface.list_faces(tmp_path)
    assert len(files) == len(ages) == 23_708
    assert np.bincount(utkface.age_bins(ages)).tolist() == [4060, 4060, 4060, 4054, 7474]


@pytest.mark.parametrize(("size", "content"), [((200, 199), None), ((100, 100), None), (None, b"\xff\xd8\xff")])
def test_wrong_picture_is_named(size: tuple[int, int] | None, content: bytes | None, faces: Path) -> None:
    if size:
        Pillow.new("RGB", size).save(faces / NAMES[3], "JPEG")
    else:
        (faces / NAMES[3]).write_bytes(content or b"")
    files, _ = utkface.list_faces(faces, expected=8)
    with pytest.raises(DataError, match=rf"{NAMES[3]}' (cannot be read|has \d+ x \d+ pixels; expected 200 x 200)"):
        read_pictures(files, 200, lambda face: face, source="")


@pytest.mark.parametrize("below", ["UTKFace", "UTKface_Aligned_cropped/UTKFace", "utkface/UTKFace"])
def test_folders_of_the_archives(below: str, tmp_path: Path) -> None:
    (tmp_path / below).mkdir(parents=True)
    (tmp_path / below / NAMES[0]).touch()
    with pytest.raises(DataError, match=f"'{tmp_path}/{below}' holds 1 faces"):
        utkface.load(tmp_path)
