"""Forget sets: the published ones come out exactly; whatever is no forget set is refused by name."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from unlearnkit.config.forget_sets.images import ForgetSet
from unlearnkit.data.forget_sets import (
    check_forget_set,
    class_forget_set,
    file_forget_set,
    make_forget_set,
    random_forget_set,
    score_forget_set,
    split_labels,
    subpopulation_forget_set,
)
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.errors import DataError

# vision.md section 1.3: number -> (size, first three indices)
EASYDUB = {
    1: (10, [11841, 12363, 19602]),
    2: (100, [766, 1281, 1892]),
    3: (1000, [50, 89, 176]),
    4: (10, [3799, 9235, 22321]),
    5: (100, [305, 1346, 1538]),
    6: (500, [43, 172, 218]),
    7: (10, [10231, 11157, 14072]),
    8: (100, [1178, 1322, 1669]),
    9: (500, [255, 274, 486]),
    10: (100, [24734, 6, 9502]),
}
LIVING17 = {1: 500, 2: 647, 3: 663, 4: 200, 5: 200}


def configured(**settings: object) -> ForgetSet:
    return TypeAdapter(ForgetSet).validate_python(settings)


def test_a_class_may_be_named(digits: ImageSet) -> None:
    animals = replace(digits, class_names=("ant", "bee", "cat", *digits.class_names[3:]))
    for kind in ("class", "subpopulation"):
        named, numbered = (make_forget_set(configured(kind=kind, label=label), animals) for label in ("cat", 2))
        np.testing.assert_array_equal(named, numbered)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_random_sets_are_the_published_ones(number: int, shared_data: Path) -> None:
    published = np.load(shared_data / "easydub_forget_sets" / "CIFAR10" / f"forget_set_{number}.npy")
    np.testing.assert_array_equal(random_forget_set(50_000, EASYDUB[number][0], seed=number - 1), published)


@pytest.mark.parametrize(("number", "size", "start"), [(n, *expected) for n, expected in EASYDUB.items()])
def test_published_files_keep_size_and_order(number: int, size: int, start: list[int], shared_data: Path) -> None:
    file = shared_data / "easydub_forget_sets" / "CIFAR10" / f"forget_set_{number}.npy"
    indices = file_forget_set(file)
    check_forget_set(indices, name=f"easydub_{number}", train_size=50_000, expected_size=size)
    assert indices[:3].tolist() == start
    split = split_labels(np.full(50_000, "train"), np.arange(50_000), indices)
    assert [np.count_nonzero(split == row) for row in ("forget", "retain")] == [size, 50_000 - size]


@pytest.mark.parametrize(("number", "size"), LIVING17.items())
def test_living17_files(number: int, size: int, shared_data: Path) -> None:
    indices = file_forget_set(shared_data / "easydub_forget_sets" / "LIVING17" / f"forget_set_{number}.npy")
    check_forget_set(indices, name=f"living17_{number}", train_size=44_200, expected_size=size)


def test_published_lists_fit_the_order_of_the_images(shared_data: Path, cifar10: ImageSet) -> None:
    folder = shared_data / "easydub_forget_sets" / "CIFAR10"
    dogs, trucks = (cifar10.train_labels[file_forget_set(folder / f"forget_set_{number}.npy")] for number in (4, 7))
    assert {cifar10.class_names[label] for label in dogs} == {"dog"}
    assert {cifar10.class_names[label] for label in trucks} == {"truck"}


def test_class_forget_set(digits: ImageSet) -> None:
    whole = class_forget_set(digits.train_labels, 3)
    assert (digits.train_labels[whole] == 3).all()
    assert len(whole) == np.count_nonzero(digits.train_labels == 3)
    part = class_forget_set(digits.train_labels, 3, size=20, seed=1)
    assert len(part) == 20
    assert set(part) <= set(whole)
    assert part.tolist() == sorted(part)
    assert part.tolist() != class_forget_set(digits.train_labels, 3, size=20, seed=2).tolist()


def test_subpopulations_divide_the_class_by_rising_size(digits: ImageSet) -> None:
    images, labels = digits.train_images, digits.train_labels
    clusters = [subpopulation_forget_set(images, labels, 8, clusters=3, pick=rank) for rank in range(3)]
    np.testing.assert_array_equal(np.sort(np.concatenate(clusters)), class_forget_set(labels, 8))
    assert [len(c) for c in clusters] == sorted(len(c) for c in clusters)
    np.testing.assert_array_equal(subpopulation_forget_set(images, labels, 8, pick="smallest"), clusters[0])
    np.testing.assert_array_equal(subpopulation_forget_set(images, labels, 8, pick="largest"), clusters[2])


def test_a_subpopulation_is_coherent(digits: ImageSet) -> None:
    pixels = digits.train_images.reshape(digits.train_size, -1).astype(float)
    cluster = subpopulation_forget_set(digits.train_images, digits.train_labels, 1)
    chance = class_forget_set(digits.train_labels, 1, size=len(cluster))
    assert pixels[cluster].var(axis=0).sum() < 0.8 * pixels[chance].var(axis=0).sum()


@given(
    scores=st.lists(st.integers(-3, 3), min_size=2, max_size=30),
    top=st.integers(0, 10),
    bottom=st.integers(0, 10),
)
def test_scores_against_sorting_in_python(scores: list[int], top: int, bottom: int) -> None:
    if not 1 <= top + bottom <= len(scores):
        with pytest.raises(DataError, match=f"top {top} and bottom {bottom}"):
            score_forget_set(np.array(scores), top, bottom)
        return
    highest = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:top]
    others = [i for i in range(len(scores)) if i not in highest]
    lowest = sorted(others, key=lambda i: (scores[i], i))[:bottom]
    assert score_forget_set(np.array(scores), top, bottom).tolist() == sorted(highest + lowest)


def test_nan_scores_are_refused() -> None:
    with pytest.raises(DataError, match=r"score of sample 2 is NaN \(1 in all\)"):
        score_forget_set(np.array([0.0, 1.0, np.nan]), top=1)


def test_a_file_may_be_named_by_its_checksum(digits: ImageSet, tmp_path: Path) -> None:
    file = tmp_path / "indices.npy"
    np.save(file, [5, 3, 4])
    settings = configured(kind="file", file=str(file), sha256=hashlib.sha256(file.read_bytes()).hexdigest())
    assert make_forget_set(settings, digits).tolist() == [5, 3, 4]
    np.save(file, [5, 4, 3])
    with pytest.raises(DataError, match=r"indices\.npy' is not the file that the configuration names: its SHA-256 is"):
        make_forget_set(settings, digits)


def test_make_forget_set_does_what_the_functions_do(digits: ImageSet, tmp_path: Path) -> None:
    labels, images = digits.train_labels, digits.train_images
    scores = np.random.default_rng(0).normal(size=digits.train_size)
    np.save(tmp_path / "scores.npy", scores)
    np.save(tmp_path / "indices.npy", [5, 3, 4])
    pairs = [
        (configured(kind="random", size=30, seed=4), random_forget_set(1437, 30, 4)),
        (configured(kind="class", label=2), class_forget_set(labels, 2)),
        (configured(kind="class", label=2, size=9, seed=3), class_forget_set(labels, 2, 9, 3)),
        (
            configured(kind="subpopulation", label=7, clusters=4, pick=1, seed=2),
            subpopulation_forget_set(images, labels, 7, 4, 1, 2),
        ),
        (
            configured(kind="scores", file=str(tmp_path / "scores.npy"), top=5, bottom=6),
            score_forget_set(scores, 5, 6),
        ),
        (configured(kind="file", file=str(tmp_path / "indices.npy"), size=3), np.array([5, 3, 4])),
    ]
    for settings, expected in pairs:
        made = make_forget_set(settings, digits)
        assert made.dtype == np.int64
        np.testing.assert_array_equal(made, expected)
        check_forget_set(made, name=settings.kind, train_size=1437, expected_size=settings.planned_size())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "random", "size": 1438}, "1438 samples are requested, but the training set has 1437"),
        ({"kind": "class", "label": 10}, "class 10 has 0"),
        ({"kind": "class", "label": 3, "size": 1000}, r"1000 samples are requested, but class 3 has \d+"),
        ({"kind": "subpopulation", "label": 11}, "class 11 has 0"),
        ({"kind": "subpopulation", "label": 3, "clusters": 1000}, "1000 clusters are requested"),
    ],
)
def test_what_the_data_set_cannot_supply(settings: dict, message: str, digits: ImageSet) -> None:
    with pytest.raises(DataError, match=message):
        make_forget_set(configured(**settings), digits)


def test_scores_of_another_training_set_are_refused(digits: ImageSet, tmp_path: Path) -> None:
    np.save(tmp_path / "scores.npy", np.zeros(50_000))
    with pytest.raises(DataError, match=r"scores\.npy' has 50000 scores; expected 1437"):
        make_forget_set(configured(kind="scores", file=str(tmp_path / "scores.npy"), top=1), digits)


def test_a_component_that_the_attribution_lacks_is_refused(digits: ImageSet) -> None:
    settings = configured(kind="principal_component", attribution="subsets", component=4, top=3)
    scores = np.zeros((digits.train_size, 3), np.float32)
    with pytest.raises(DataError, match=r"component is 4, but attribution 'subsets' has 3 principal.*at most 3"):
        make_forget_set(settings, digits, scores)


@pytest.mark.parametrize("pick", ["middle", 3, -1])
def test_unknown_cluster_is_refused(pick: object, digits: ImageSet) -> None:
    with pytest.raises(DataError, match=r"'smallest', 'largest' or a rank 0\.\.2"):
        subpopulation_forget_set(digits.train_images, digits.train_labels, 0, pick=pick)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        (np.array([3, 50_000]), r"has index 50000 outside the training set; expected 0\.\.49999"),
        (np.array([-1, 3]), "has index -1 outside"),
        (np.array([3, 4, 3, 4, 5]), "repeats indices 3, 4;"),
        (np.arange(50_000, 50_007), "indices 50000, 50001, 50002, 50003, 50004 and 2 more"),
        (np.array([], np.int64), "has 0 samples"),
        (np.arange(50_000), r"has 50000 samples; expected 1\.\.49999"),
        (np.array([1.0, 2.0]), "is float64"),
        (np.array([True, False]), "is bool"),
        (np.array([[1, 2]]), r"of shape \[1, 2\]"),
    ],
)
def test_check_names_set_index_and_remedy(indices: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=rf"forget set 'mine' .*{message}.*Correct forget_sets\.mine"):
        check_forget_set(indices, name="mine", train_size=50_000)


def test_check_of_size_and_overlap() -> None:
    indices = np.array([1, 2, 3])
    check_forget_set(indices, name="mine", train_size=10, expected_size=3, disjoint_from={"other": np.array([4, 5])})
    with pytest.raises(DataError, match="'mine' has 3 samples; expected 100, the size stated"):
        check_forget_set(indices, name="mine", train_size=10, expected_size=100)
    with pytest.raises(DataError, match="'mine' shares indices 2, 3 with forget set 'other'"):
        check_forget_set(indices, name="mine", train_size=10, disjoint_from={"other": np.array([3, 2, 7])})


def test_forget_and_retain_divide_the_training_split() -> None:
    rows, sample_index = np.repeat(["train", "validation", "test"], [4, 2, 2]), np.array([0, 1, 2, 3, 0, 1, 0, 1])
    split = split_labels(rows, sample_index, np.array([3, 1]))
    assert split.tolist() == ["retain", "forget", "retain", "forget", *["validation"] * 2, *["test"] * 2]


def test_global_random_state_is_untouched(digits: ImageSet) -> None:
    from unlearnkit.data.images import digits as module

    before = np.random.get_state(legacy=False)
    module.load(None)
    random_forget_set(100, 10, 0)
    class_forget_set(digits.train_labels, 0, 5)
    subpopulation_forget_set(digits.train_images, digits.train_labels, 0)
    after = np.random.get_state(legacy=False)
    np.testing.assert_equal(after, before)
