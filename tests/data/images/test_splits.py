"""Deep Unlearn's split: the published sizes, the rows that scikit-learn draws, its forget set by a plain draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from unlearnkit.data.forget_sets import random_forget_set
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.loading import load_image_set, load_published, prepared
from unlearnkit.data.images.splits import deep_unlearn_split
from unlearnkit.errors import DataError
from unlearnkit.facts.splits import split_sizes

# vision.md section 1.5: published training and test samples -> retain, forget, validation, test
SIZES = {
    "cifar10, cifar100": (50_000, 10_000, [38_250, 4_250, 7_500, 10_000]),
    "mnist, fashion_mnist": (60_000, 10_000, [45_900, 5_100, 9_000, 10_000]),
    "utkface": (18_967, 4_741, [14_508, 1_613, 2_846, 4_741]),
}


def cut_by_scikit_learn(train_size: int) -> list[np.ndarray]:
    """Train, retain, forget and validation as the published code draws them."""
    train, validation = train_test_split(np.arange(train_size), test_size=0.15, random_state=123)
    retain, forget = train_test_split(train, test_size=0.1, random_state=123)
    return [np.asarray(part) for part in (train, retain, forget, validation)]


@pytest.mark.parametrize("name", SIZES)
def test_sizes_are_the_published_ones(name: str) -> None:
    published, held_out, expected = SIZES[name]
    train, retain, forget, validation = cut_by_scikit_learn(published)
    sizes = split_sizes("deep_unlearn", published, held_out)
    assert [len(retain), len(forget), *sizes[1:]] == expected
    assert (sizes.train, sizes.validation) == (len(train), len(validation))


@pytest.mark.parametrize("name", SIZES)
def test_forget_set_is_a_plain_draw(name: str) -> None:
    published, held_out, (_, size, _, _) = SIZES[name]
    train, _, forget, _ = cut_by_scikit_learn(published)
    indices = random_forget_set(split_sizes("deep_unlearn", published, held_out).train, size, seed=123)
    assert sorted(train[indices]) == sorted(forget)


@pytest.mark.parametrize("name", ["digits", "mnist", "fashion_mnist", "cifar10"])
def test_rows_are_those_of_scikit_learn(name: str, shared_data: Path) -> None:
    published, _ = load_published(name, None if name == "digits" else shared_data)
    split = prepared(published, "deep_unlearn", {}, None)
    train, _, _, validation = cut_by_scikit_learn(published.train_size)
    rows = np.concatenate([train, validation, np.arange(published.train_size, len(published.labels))])
    np.testing.assert_array_equal(split.labels, published.labels[rows])
    assert all(np.array_equal(split.images[new], published.images[old]) for new, old in enumerate(rows[:2000]))
    np.testing.assert_array_equal(split.images[-100:], published.images[-100:])
    assert list(split.split_sizes.values()) == [len(train), len(validation), published.validation_size]


def test_part_of_the_split_is_its_first_rows(digits: ImageSet) -> None:
    whole = deep_unlearn_split(digits)
    part = deep_unlearn_split(digits, train_size=50, validation_size=20, test_size=10)
    rows = np.r_[0:50, 1221:1241, 1437:1447]
    assert part.split_sizes == {"train": 50, "validation": 20, "test": 10}
    np.testing.assert_array_equal(part.images, whole.images[rows])
    assert part.content_hash == whole.subset(50, 20, 10).content_hash


def test_test_split_is_content() -> None:
    images, labels = np.zeros((9, 1, 4, 4), np.uint8), np.zeros(9, np.int64)
    sets = [ImageSet(images, labels, *sizes, ("a",), (0.5,), (0.2,)) for sizes in ((6, 3), (5, 4))]
    sets.append(ImageSet(images, labels, 5, 3, ("a",), (0.5,), (0.2,), test_size=1))
    assert len({image_set.content_hash for image_set in sets}) == 3


@pytest.mark.parametrize(
    ("split", "key"), [("official", "test_size"), ("deep_unlearn", "test_size"), ("deep_unlearn", "train_size")]
)
def test_more_than_there_is_is_refused(split: str, key: str) -> None:
    with pytest.raises(DataError, match=rf"data\.{key} is 5000"):
        load_image_set("digits", None, split=split, **{key: 5000})  # pyright: ignore[reportArgumentType]
