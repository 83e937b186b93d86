"""ImageSet: refuses arrays that do not fit together, hashes content, takes the first rows of each split."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.errors import DataError


def small(train_size: int = 5, validation_size: int = 3) -> ImageSet:
    rng = np.random.default_rng(0)
    samples = train_size + validation_size
    images = rng.integers(0, 256, (samples, 2, 4, 4), dtype=np.uint8)
    labels = rng.integers(0, 3, samples)
    return ImageSet(images, labels, train_size, validation_size, ("a", "b", "c"), (0.5, 0.5), (0.2, 0.2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((8, 2, 4, 4), np.float32)}, "images of an image set are float32"),
        ({"images": np.zeros((8, 4, 4), np.uint8)}, r"images of an image set are uint8 \[8, 4, 4\]"),
        ({"images": np.zeros((7, 2, 4, 4), np.uint8)}, "8 rows"),
        ({"labels": np.zeros(8, np.int32)}, "labels of an image set are int32"),
        ({"labels": np.zeros(9, np.int64)}, "8 rows"),
        ({"labels": np.full(8, 3)}, r"labels lie in 3\.\.3; expected 0\.\.2"),
        ({"labels": np.full(8, -1)}, r"labels lie in -1\.\.-1"),
        ({"train_size": 8, "validation_size": 0}, "empty split"),
        ({"mean": (0.5,)}, "2 channels"),
        ({"std": (0.2, 0.0)}, "one positive std"),
    ],
)
def test_refuses_what_does_not_fit(change: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        replace(small(), **change)


def test_content_hash_sees_every_part_of_the_content() -> None:
    whole = small()
    pixel = whole.images.copy()
    pixel[-1, -1, -1, -1] ^= 1
    label = whole.labels.copy()
    label[0] = (label[0] + 1) % 3
    others = [
        replace(whole, images=pixel),
        replace(whole, labels=label),
        replace(whole, train_size=4, validation_size=4),
        replace(whole, images=whole.images.reshape(8, 2, 2, 8)),
    ]
    assert len({image_set.content_hash for image_set in [whole, *others]}) == 5


def test_content_hash_does_not_see_names_or_memory_layout() -> None:
    whole = small()
    strided = np.asfortranarray(whole.images)
    assert (
        replace(whole, images=strided, class_names=("x", "y", "z"), mean=(0.0, 0.0)).content_hash == whole.content_hash
    )


def test_subset_is_the_first_rows_of_each_split() -> None:
    whole = small()
    part = whole.subset(2, 1)
    assert (part.train_size, part.validation_size) == (2, 1)
    np.testing.assert_array_equal(part.images, whole.images[[0, 1, 5]])
    np.testing.assert_array_equal(part.labels, whole.labels[[0, 1, 5]])
    np.testing.assert_array_equal(part.train_labels, whole.train_labels[:2])
    np.testing.assert_array_equal(part.train_images, whole.train_images[:2])


def test_subset_of_one_split_keeps_the_other() -> None:
    whole = small()
    assert whole.subset() is whole
    np.testing.assert_array_equal(whole.subset(train_size=1).labels, whole.labels[[0, 5, 6, 7]])
    np.testing.assert_array_equal(whole.subset(validation_size=1).labels, whole.labels[:6])


@pytest.mark.parametrize(
    ("sizes", "key"),
    [((6, None), "train_size is 6"), ((0, None), "train_size is 0"), ((None, 4), "validation_size is 4")],
)
def test_subset_larger_than_the_split_is_an_error(sizes: tuple, key: str) -> None:
    with pytest.raises(DataError, match=f"data.{key}; expected 1"):
        small().subset(*sizes)
