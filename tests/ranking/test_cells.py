"""Cells: distances to the ideal in every direction, and comparisons with the floor."""

from __future__ import annotations

import numpy as np
import pytest
from made_tables import cell, declared, row, table
from scipy.stats import norm

from unlearnkit.ranking.cells import cells_of


def test_distances_are_means_over_splits_to_the_ideal_of_the_direction() -> None:
    rows = table({"some": {"a": 1.0, "b": 0.1}}, floor=0.2)
    for direction, high, expected in (
        ("lower", None, [0.75, 0.3]),
        ("higher", 1.0, [0.25, 0.7]),
        ("match", None, [0.4, 0.05]),
    ):
        (own,), without = cells_of(rows, "gap", declared(direction, high=high), ["a", "b"])
        assert own.distances() == pytest.approx(expected) and not without
        assert (own.forget_set, own.metric) == ("some", "gap")


def test_without_a_best_end_distances_still_order_the_methods() -> None:
    assert cell([-3.0, 1.0]).distances().tolist() == [-3.0, 1.0]
    assert cell([2.0, 0.5], direction="higher").distances().tolist() == [-2.0, -0.5]


def test_the_last_epoch_counts_and_splits_that_the_data_lack_do_not() -> None:
    earlier = [{**line, "epoch": 1, "mean": 9.0} for line in table({"some": {"a": 1.0}})]
    rows = [*earlier, *table({"some": {"a": 1.0}}), {**row("some", "a", "forget", 7.0), "measure": "other"}]
    (own,), _ = cells_of(rows, "gap", declared(splits=("forget", "validation", "test")), ["a"])
    assert own.values.tolist() == [[1.0, 0.5]] and own.errors == pytest.approx(0.1, rel=1e-3)


def test_failed_models_are_named_and_have_no_value() -> None:
    (own,), without = cells_of(table({"some": {"a": 1.0, "b": None}}), "gap", declared(), ["a", "b"])
    assert without == {"b": "2 of 4 models failed on some"} and np.isnan(own.distances()[1])


def test_the_floor_is_tested_one_sided_where_less_is_better_and_two_sided_where_it_is_to_be_matched() -> None:
    step = 0.3 / np.hypot(0.1, 0.1)
    assert cell([0.3, -0.3]).floor_p_values() == pytest.approx([norm.sf(step), norm.cdf(step)])
    assert cell([0.3, -0.3], direction="higher").floor_p_values() == pytest.approx([norm.cdf(step), norm.sf(step)])
    assert cell([0.3, -0.3], direction="match").floor_p_values() == pytest.approx([2 * norm.sf(step)] * 2)


def test_the_smallest_p_value_of_two_splits_counts_twice() -> None:
    (own,), _ = cells_of(table({"some": {"a": 0.5}}), "gap", declared(), ["a"])
    each = norm.sf([0.3 / np.hypot(0.1, 0.1), 0.0])
    assert own.floor_p_values()[0] == pytest.approx(2 * each[0], rel=1e-3)


def test_without_an_interval_over_models_nothing_is_known() -> None:
    assert np.isnan(cell([0.3, 0.1], errors=np.nan).floor_p_values()).all()
    assert cell([0.3, 0.0], errors=0.0).floor_p_values().tolist() == [0.0, 0.5]
    rows = table({"some": {"a": 1.0}}, error=None)
    (own,), _ = cells_of(rows, "gap", declared(), ["a"])
    assert np.isnan(own.errors).all()
    np.testing.assert_array_equal(own.drawn_distances(np.random.default_rng(0), 2), [own.distances()] * 2)


def test_p_values_at_the_floor_are_uniform() -> None:
    rng = np.random.default_rng(1)
    p = [
        cell([rng.normal(0, 0.1)], direction="match", floor=rng.normal(0, 0.1)).floor_p_values()[0] for _ in range(2000)
    ]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.015)


def test_only_the_splits_count_by_which_a_metric_ranks() -> None:
    own = declared()
    own.RANKED_SPLITS = ("forget",)
    (found,), _ = cells_of(table({"some": {"a": 1.0}}), "gap", own, ["a"])
    assert found.values.tolist() == [[1.0]]
