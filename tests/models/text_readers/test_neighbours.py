"""Nearest neighbours are those of brute force in float64, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from unlearnkit.models.text_readers import neighbours
from unlearnkit.models.text_readers.neighbours import nearest


def brute_force(queries: NDArray, rows: NDArray, count: int) -> tuple[NDArray, NDArray]:
    """Measure every pair in float64 and sort by distance, then by place."""
    squared = np.square(queries[:, None].astype(np.float64) - rows[None].astype(np.float64)).sum(axis=2)
    order = np.argsort(squared, axis=1, kind="stable")[:, :count]
    return order, np.sqrt(np.take_along_axis(squared, order, axis=1))


def assert_equal(queries: NDArray, rows: NDArray, count: int) -> None:
    found, expected = nearest(queries, rows, count), brute_force(queries, rows, count)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12, atol=0)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_random_vectors(scale: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "CHUNK", 37)
    generator = np.random.default_rng(0)
    queries, rows = (scale * generator.standard_normal((n, 64)).astype(np.float32) for n in (20, 500))
    assert_equal(queries, rows, 10)


def test_vectors_that_float32_cannot_tell_apart() -> None:
    generator = np.random.default_rng(1)
    centre = 100 * generator.standard_normal(48).astype(np.float32)
    rows = (centre + 1e-4 * generator.standard_normal((200, 48))).astype(np.float32)
    assert_equal(rows[:10], rows[10:], 5)


VECTORS = st.integers(1, 4).flatmap(
    lambda width: st.tuples(
        *(
            arrays.arrays(np.float32, st.tuples(st.integers(1, 12), st.just(width)), elements=st.integers(-2, 2))
            for _ in range(2)
        )
    )
)


@settings(max_examples=60, deadline=None)
@given(VECTORS, st.integers(1, 15), st.randoms(use_true_random=False))
def test_small_grids_full_of_ties_and_any_order_of_rows(
    vectors: tuple[NDArray, NDArray], count: int, random: np.random.RandomState
) -> None:
    queries, rows = vectors
    assert_equal(queries, rows, count)
    order = list(range(len(rows)))
    random.shuffle(order)
    # an order of the rows changes no distance
    np.testing.assert_array_equal(nearest(queries, rows[order], count)[1], nearest(queries, rows, count)[1])


def test_a_row_is_nearest_to_itself() -> None:
    rows = np.random.default_rng(2).standard_normal((50, 8)).astype(np.float32)
    places, distances = nearest(rows, rows, 1)
    assert places[:, 0].tolist() == list(range(50))
    assert not distances.any()


def test_nothing_to_choose_from_is_an_error() -> None:
    with pytest.raises(ValueError, match="no rows"):
        nearest(np.ones((2, 3), np.float32), np.zeros((0, 3), np.float32), 1)
    with pytest.raises(ValueError, match="not finite"):
        nearest(np.full((2, 3), np.nan, np.float32), np.ones((4, 3), np.float32), 1)
