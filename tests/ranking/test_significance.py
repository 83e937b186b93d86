"""Tests over cells: closed forms, published tables, and corrections by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, rankdata

from unlearnkit.ranking.significance import cliques, critical_difference, false_discovery, friedman, holm, pairwise


def test_friedman_is_its_closed_form() -> None:
    distances = np.random.default_rng(0).random((9, 5))
    mean_ranks = rankdata(distances, axis=1).mean(axis=0)
    statistic = 12 * 9 / (5 * 6) * ((mean_ranks**2).sum() - 5 * 6**2 / 4)
    assert friedman(distances) == pytest.approx((statistic, chi2.sf(statistic, 4)))


@pytest.mark.parametrize("distances", [np.ones((4, 3)), np.zeros((1, 3)), np.zeros((4, 2))])
def test_friedman_is_not_defined_for_ties_everywhere_few_methods_or_one_cell(distances: np.ndarray) -> None:
    assert friedman(distances) is None


@pytest.mark.parametrize(("methods", "quantile"), [(3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)])
def test_critical_differences_are_those_of_the_published_table(methods: int, quantile: float) -> None:
    expected = quantile * np.sqrt(methods * (methods + 1) / (6 * 14))
    assert critical_difference(methods, 14) == pytest.approx(expected, abs=1e-3)
    assert critical_difference(2, 14) is critical_difference(methods, 1) is None


def test_cliques_are_the_largest_ranges() -> None:
    assert cliques(np.array([3.1, 1.0, 1.9, 2.5]), 1.0) == [(0, 1), (1, 2), (2, 3)]
    assert cliques(np.array([1.0, 2.0, 3.0]), 5.0) == [(0, 2)]
    assert cliques(np.array([1.0, 3.0]), 0.5) == []


def test_wilcoxon_over_few_cells_has_the_smallest_p_value_that_there_is() -> None:
    scores = np.column_stack([np.arange(6.0), np.arange(6.0) + np.arange(1, 7), np.arange(6.0)])
    (a, b, p, _), _, _ = pairs = pairwise(scores)
    assert (a, b) == (0, 1) and p == pytest.approx(2.0 ** (1 - 6))
    assert [own[2:] for own in pairs if own[:2] == (0, 2)] == [(1.0, 1.0)]


def test_corrections_are_those_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    corrected = false_discovery(np.array([[0.01, 0.04], [np.nan, 0.03]]))
    assert corrected[~np.isnan(corrected)] == pytest.approx([0.03, 0.04, 0.04])
    assert np.isnan(false_discovery(np.full((1, 2), np.nan))).all()
