"""Ranks and groups: exact division into three, and how sure it is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_tables import cell

from unlearnkit.ranking.standing import group_confidence, ranks, scores_of, three_groups


def brute_force(scores: np.ndarray) -> float:
    """The least squared deviation within three groups, over all assignments that do not interleave."""
    ordered = np.sort(scores)
    cuts = itertools.combinations(range(1, len(ordered)), 2)
    return min(sum(((part - part.mean()) ** 2).sum() for part in np.split(ordered, pair)) for pair in cuts)


def test_ties_share_the_mean_rank() -> None:
    assert ranks(np.array([[0.1, 0.3, 0.3, 0.2]])).tolist() == [[1.0, 3.5, 3.5, 2.0]]
    distances = np.array([[0.1, 0.2, 10.0], [0.3, 0.2, 10.0]])
    assert scores_of(distances, by_rank=True).tolist() == [1.5, 1.5, 3.0]
    assert scores_of(distances, by_rank=False) == pytest.approx([0.2, 0.2, 10.0])


def test_three_clouds_are_three_groups() -> None:
    assert three_groups(np.array([9.0, 1.0, 1.2, 5.0, 5.1, 0.9, 5.2])).tolist() == [2, 0, 0, 1, 1, 0, 1]
    assert three_groups(np.array([2.0, 1.0, 1.0])).tolist() == [1, 0, 0]
    assert three_groups(np.array([3.0, 3.0, 3.0])).tolist() == [0, 0, 0]


@given(st.lists(st.integers(0, 40), min_size=4, max_size=9))
def test_the_division_is_the_best_there_is_and_never_divides_equals(drawn: list[int]) -> None:
    scores = np.array(drawn, float)
    groups = three_groups(scores)
    if len(set(drawn)) >= 3:
        parts = [scores[groups == group] for group in range(3)]
        assert sum(((part - part.mean()) ** 2).sum() for part in parts) == pytest.approx(brute_force(scores), abs=1e-9)
    for one, other in itertools.combinations(range(len(scores)), 2):
        assert (scores[one] > scores[other]) <= (groups[one] >= groups[other])
        assert scores[one] != scores[other] or groups[one] == groups[other]
    np.testing.assert_array_equal(three_groups(3 * scores + 7), groups)


def test_confidence_is_certain_for_distant_methods_and_shared_between_close_ones() -> None:
    cells = [cell([0.0, 0.05, 5.0, 9.9, 10.0], errors=0.02) for _ in range(4)]
    sure = group_confidence(cells, by_rank=False, rng=np.random.default_rng(0), resamples=200)
    assert sure.sum(axis=1) == pytest.approx(1)
    assert sure[:, 0].tolist() == [1, 1, 0, 0, 0] and sure[3:, 2].tolist() == [1, 1]
    close = [cell([0.0, 1.0, 1.5, 2.0], errors=0.6) for _ in range(4)]
    shared = group_confidence(close, by_rank=False, rng=np.random.default_rng(0), resamples=400)
    assert 0.1 < shared[2, 1] < 0.95


def test_confidence_follows_the_methods_and_not_their_order() -> None:
    values = [0.0, 3.0, 6.0, 6.2]
    one, other = (
        group_confidence([cell(own, errors=0.0)], by_rank=False, rng=np.random.default_rng(0), resamples=20)
        for own in (values, values[::-1])
    )
    np.testing.assert_array_equal(one, other[::-1])
