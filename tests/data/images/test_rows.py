"""Which published image a row is: the table of rows, and forget sets that name published positions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter
from sklearn.datasets import load_digits

from unlearnkit.config.forget_sets.images import ForgetSet
from unlearnkit.data.forget_sets import make_forget_set
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import load_image_set
from unlearnkit.data.images.rows import row_columns
from unlearnkit.errors import DataError

COLUMNS = ["split", "sample_index", "published_position", "file", "label"]


def named(image_set: ImageSet, positions: list[int], folder: Path) -> list[int]:
    """The forget set of a file with published positions."""
    (folder / "f.txt").write_text("".join(f"{position}\n" for position in positions))
    block = {"kind": "file", "file": str(folder / "f.txt"), "indices": "published"}
    return make_forget_set(TypeAdapter(ForgetSet).validate_python(block), image_set).tolist()


@pytest.mark.parametrize("split", ["official", "deep_unlearn"])
def test_rows_of_the_digits_are_those_that_scikit_learn_ships(split: str) -> None:
    image_set = load_image_set("digits", None, split=split, train_size=900)  # pyright: ignore[reportArgumentType]
    rows = row_columns(image_set)
    pixels, _ = load_digits(return_X_y=True)
    shipped = np.asarray(pixels)[rows["published_position"]].reshape(-1, 8, 8)
    np.testing.assert_array_equal(image_set.images[:, 0], shipped * 15)
    assert list(rows) == COLUMNS
    assert set(rows["file"]) == {None}
    assert len(set(rows["published_position"])) == len(rows["label"])


def test_rows_of_a_third_split(shared_data: Path) -> None:
    published = load_image_set("fashion_mnist", shared_data)
    cut = load_image_set("fashion_mnist", shared_data, split="deep_unlearn", validation_size=50, test_size=40)
    rows = row_columns(cut)
    names, counts = np.unique(rows["split"], return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {"train": 51_000, "validation": 50, "test": 40}
    assert rows["sample_index"][[0, 50_999, 51_000, 51_050]].tolist() == [0, 50_999, 0, 0]
    from_training = rows["split"] != "test"
    origin = np.where(from_training, 0, published.train_size) + rows["published_position"]
    np.testing.assert_array_equal(cut.images, published.images[origin])
    np.testing.assert_array_equal(rows["label"], published.labels[origin])


def test_published_order_is_the_order_of_rows(digits: ImageSet) -> None:
    plain = replace(digits, published=None)
    assert row_columns(plain)["published_position"].tolist() == [*range(1437), *range(360)]
    assert plain.subset(train_size=5, validation_size=3).positions.tolist() == [0, 1, 2, 3, 4, 0, 1, 2]


def test_file_names_follow_their_rows(digits: ImageSet) -> None:
    files = replace(digits, file_names=tuple(f"{row}.jpg" for row in range(1797)))
    cut = files.arranged(np.array([7, 3]), np.array([1500]), np.array([], np.int64))
    assert row_columns(cut)["file"].tolist() == ["7.jpg", "3.jpg", "1500.jpg"]


@pytest.mark.parametrize("split", ["official", "deep_unlearn"])
def test_forget_set_by_published_positions(split: str, tmp_path: Path) -> None:
    image_set = load_image_set("digits", None, split=split)  # pyright: ignore[reportArgumentType]
    chosen = image_set.positions[[40, 2, 77]].tolist()
    assert named(image_set, chosen, tmp_path) == [40, 2, 77]


def test_published_forget_set_is_the_same_images_in_any_split(shared_data: Path, tmp_path: Path) -> None:
    published = load_image_set("mnist", shared_data)
    cut = load_image_set("mnist", shared_data, split="deep_unlearn")
    chosen = sorted(cut.positions[:1000].tolist())
    rows = named(cut, chosen, tmp_path)
    np.testing.assert_array_equal(cut.images[rows], published.images[chosen])
    assert named(published, chosen, tmp_path) == chosen


def test_position_that_does_not_train_is_refused(digits: ImageSet, tmp_path: Path) -> None:
    held_out = digits.positions[1437:1439].tolist()
    with pytest.raises(DataError, match=r"names published ind.*, which the training split lacks") as caught:
        named(digits, [*digits.positions[:3].tolist(), *held_out, 5000], tmp_path)
    assert all(str(position) in str(caught.value) for position in (*held_out, 5000))


def by_name(image_set: ImageSet, text: str, folder: Path, suffix: str = ".txt") -> list[int]:
    """The forget set of a file with names of pictures."""
    (folder / f"f{suffix}").write_text(text)
    block = {"kind": "file", "file": str(folder / f"f{suffix}"), "indices": "names"}
    return make_forget_set(TypeAdapter(ForgetSet).validate_python(block), image_set).tolist()


def test_forget_set_by_file_names(digits: ImageSet, tmp_path: Path) -> None:
    files = replace(digits, file_names=tuple(f"tens/{row}.jpg" for row in range(1797)))
    assert by_name(files, "tens/40.jpg\n\n tens/2.jpg \r\ntens/77.jpg", tmp_path) == [40, 2, 77]
    assert by_name(files, '["tens/40.jpg", "tens/2.jpg"]', tmp_path, ".json") == [40, 2]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tens/4O.jpg\n", r"names 'tens/4O\.jpg', which is no picture of the training split; .*Did you mean 'tens/4"),
        ("tens/1500.jpg\ntens/x.jpg\n", r"names 'tens/1500\.jpg' and 1 more, which does not train: it is held out"),
        ("\n", r"f\.txt' is empty; expected at least one name"),
    ],
)
def test_names_that_do_not_train_are_refused(text: str, problem: str, digits: ImageSet, tmp_path: Path) -> None:
    files = replace(digits, file_names=tuple(f"tens/{row}.jpg" for row in range(1797)))
    with pytest.raises(DataError, match=problem):
        by_name(files, text, tmp_path)


def test_names_need_pictures_with_names_and_a_file_of_texts(digits: ImageSet, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="images of this data set have none of their own"):
        by_name(digits, "tens/40.jpg", tmp_path)
    with pytest.raises(DataError, match=r"not a list of texts"):
        by_name(digits, "[1, 2]", tmp_path, ".json")
    with pytest.raises(DataError, match=r"unknown suffix '\.csv'; expected names in \.txt, \.json"):
        by_name(digits, "tens/40.jpg", tmp_path, ".csv")
