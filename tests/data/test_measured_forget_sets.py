"""Forget sets by memorisation and by overlap with the retain set, on points whose answer is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from unlearnkit.config.forget_sets.measured import MeasuredForgetSet
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.measured_forget_sets import (
    make_measured_forget_set,
    memorised_forget_set,
    nearest_others,
    overlap_forget_set,
    pixel_vectors,
)
from unlearnkit.errors import DataError

SCORES = np.array([0.9, -0.1, 0.5, 0.0, 0.45, 1.0, 0.5, 0.0], np.float32)


def points(*degrees: float) -> np.ndarray:
    """Return points on the circle of radius 1."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("pick", "size", "indices"),
    [("highest", 2, [0, 5]), ("lowest", 3, [1, 3, 7]), ("medium", 2, [2, 6]), ("medium", 3, [2, 4, 6])],
)
def test_samples_by_memorisation(pick: str, size: int, indices: list[int]) -> None:
    chosen = TypeAdapter(MeasuredForgetSet).validate_python(
        {"kind": "memorised", "attribution": "subsets", "size": size, "pick": pick}
    )
    assert make_measured_forget_set(chosen, None, SCORES).tolist() == indices  # pyright: ignore[reportArgumentType]


def test_samples_of_unknown_memorisation_are_refused() -> None:
    scores = SCORES.copy()
    scores[[3, 6]] = np.nan
    with pytest.raises(
        DataError, match=r"of 2 training samples is unknown, that of sample 3 first.*Raise attributions"
    ):
        memorised_forget_set(scores, 2)
    with pytest.raises(DataError, match="9 samples are requested, but the training set has 8"):
        memorised_forget_set(SCORES, 9)


# three close together, two less so, one alone
CLOSE = points(0, 1, 3, 90, 100, 200)


def test_the_nearest_samples_are_others() -> None:
    nearest, overlap = nearest_others(CLOSE, 2)
    assert nearest[:5].tolist() == [[1, 2], [0, 2], [1, 0], [4, 2], [3, 2]]
    expected = [(np.cos(np.radians(1)) + np.cos(np.radians(3))) / 2, np.cos(np.radians([10, 97])).mean()]
    np.testing.assert_allclose(overlap[[0, 4]], expected, atol=1e-6)


def test_the_nearest_of_a_chosen_sample_stay() -> None:
    # 0 and 1 are nearest to each other, so that one of them stays; 2 needs 1 as well
    assert overlap_forget_set(CLOSE, 1, 1).tolist() == [0]
    assert overlap_forget_set(CLOSE, 2, 1).tolist() == [0, 2]
    # 1 lies between 0 and 2, which both stay
    assert overlap_forget_set(CLOSE, 2, 2).tolist() == [1, 3]
    assert overlap_forget_set(CLOSE, 3, 1).tolist() == [0, 2, 3]
    assert overlap_forget_set(CLOSE, 1, 1, "lowest").tolist() == [5]
    with pytest.raises(DataError, match="6 samples are requested, but only 4 can be chosen so that the 1 samples"):
        overlap_forget_set(CLOSE, 6, 1)
    with pytest.raises(DataError, match="7 samples are requested, but the training set has 6"):
        overlap_forget_set(CLOSE, 1, 6)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from(["highest", "lowest"]), st.integers(1, 4))
def test_all_that_a_chosen_sample_overlaps_with_is_retained(seed: int, pick: str, neighbours: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(40, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    chosen = overlap_forget_set(vectors, 3, neighbours, pick)  # pyright: ignore[reportArgumentType]
    cosines = (vectors.astype(float) @ vectors.T.astype(float))[chosen]
    cosines[np.arange(3), chosen] = -np.inf
    nearest = np.argsort(-cosines, axis=1)[:, :neighbours]
    assert not np.isin(nearest, chosen).any()
    # the first is the best of all
    overlap = nearest_others(vectors, neighbours)[1]
    assert (overlap.argmax() if pick == "highest" else overlap.argmin()) in chosen


def test_pixels_are_compared_less_the_mean_image(digits: ImageSet) -> None:
    images = digits.train_images[:50]
    vectors = pixel_vectors(images)
    centred = images.reshape(50, -1) / 255 - (images.reshape(50, -1) / 255).mean(axis=0)
    expected = centred @ centred.T / np.outer(np.linalg.norm(centred, axis=1), np.linalg.norm(centred, axis=1))
    np.testing.assert_allclose(vectors @ vectors.T, expected, atol=1e-5)
    # all images are the mean: no direction, no division by 0
    assert not pixel_vectors(np.full((3, 1, 2, 2), 7, np.uint8)).any()


def test_copies_of_an_image_overlap_most(digits: ImageSet) -> None:
    images = digits.images.copy()
    images[700] = images[3]
    nearest = TypeAdapter(MeasuredForgetSet).validate_python({"kind": "overlap", "size": 1, "neighbours": 1})
    # of the two copies the lower index is chosen, and the other one stays
    assert make_measured_forget_set(nearest, replace(digits, images=images), None).tolist() == [3]
