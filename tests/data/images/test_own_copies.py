"""Equal images of the user's in two splits or two classes: a few are reported, more than 1 % are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_pictures import textures

from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import refuse_own_copies
from unlearnkit.data.images.own_images import refuse_copies
from unlearnkit.errors import DataError


@pytest.fixture(scope="module")
def image_set() -> ImageSet:
    """300 training, 200 validation and 100 test images in two classes, with file names, no two of them equal."""
    images, labels = textures(600, 4, axis=0, seed=0).transpose(0, 3, 1, 2), np.arange(600) % 2
    names = tuple(f"{row}.png" for row in range(600))
    return ImageSet(images, labels, 300, 200, ("a", "b"), (0.5,) * 3, (0.2,) * 3, test_size=100, file_names=names)


def copied(image_set: ImageSet, origin: list[int], copy: list[int]) -> ImageSet:
    images = image_set.images.copy()
    images[copy] = images[origin]
    return replace(image_set, images=images)


def test_images_without_copies(image_set: ImageSet) -> None:
    assert refuse_copies(image_set) == ""


def test_a_few_copies_are_reported(image_set: ImageSet) -> None:
    found = refuse_copies(copied(image_set, [4, 6, 8, 10], [300, 302, 500, 11]))
    shared, in_test, apart = found.split("; ")
    assert shared.startswith(
        "2 of 200 images of the validation split are also in the training split, for example '4.png' "
    )
    assert in_test.startswith("1 of 100 images of the test split")
    assert apart == "2 of 600 images have an exact copy in another class, for example '10.png' and '11.png'"


@pytest.mark.parametrize(
    ("origin", "copy", "fact"),
    [
        (
            [4, 6, 8],
            [300, 302, 304],
            "3 of 200 images of the validation split .* '4.png' and '300.png'; expected at most 1%",
        ),
        ([4, 6], [500, 502], "2 of 100 images of the test split"),
        ([0, 2, 4, 6], [1, 3, 5, 7], "8 of 600 images have an exact copy in another class"),
    ],
)
def test_many_copies_are_refused(origin: list[int], copy: list[int], fact: str, image_set: ImageSet) -> None:
    with pytest.raises(DataError, match=fact):
        refuse_copies(copied(image_set, origin, copy))


def test_copies_in_one_class_of_one_split_are_fine(image_set: ImageSet) -> None:
    assert refuse_copies(copied(image_set, [0] * 50, [*range(2, 102, 2)])) == ""


def test_published_data_sets_are_as_they_are(image_set: ImageSet) -> None:
    many = copied(image_set, [4] * 100, [*range(300, 400)])
    assert refuse_own_copies("cifar10", many) == ""
    for name in ("image_folder", "image_arrays"):
        with pytest.raises(DataError):
            refuse_own_copies(name, many)


def test_images_without_names_are_named_by_their_positions(image_set: ImageSet) -> None:
    assert "image 4 and image 0" in refuse_copies(replace(copied(image_set, [4], [300]), file_names=()))
