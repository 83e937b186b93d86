"""Cells: distances to the ideal in every direction, and comparisons with the floor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made_tables import MODELS, cell, declared, row, table
from scipy.stats import t as student
from scipy.stats import ttest_ind, ttest_ind_from_stats

from unlearnkit.ranking.cells import Cell, cells_of


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
    sides = {"mean1": 0.3, "std1": 0.2, "nobs1": MODELS, "mean2": 0.0, "std2": 0.2, "nobs2": MODELS, "equal_var": False}
    worse, better = (ttest_ind_from_stats(**sides, alternative=name).pvalue for name in ("greater", "less"))
    assert cell([0.3, -0.3]).floor_p_values() == pytest.approx([worse, better])
    assert cell([0.3, -0.3], direction="higher").floor_p_values() == pytest.approx([better, worse])
    assert cell([0.3, -0.3], direction="match").floor_p_values() == pytest.approx([2 * worse] * 2)


def test_of_means_over_models_the_test_is_that_of_welch_on_their_values() -> None:
    rng, own = np.random.default_rng(0), declared("match", splits=("forget",))
    own.AXIS, values = "models", {"a": rng.normal(0.5, 1, MODELS), "oracle": rng.normal(0, 3, MODELS)}
    rows = [{**row("some", who, "forget", each.mean()), "sd": each.std(ddof=1)} for who, each in values.items()]
    (found,), _ = cells_of(rows, "gap", own, ["a"])
    expected: Any = ttest_ind(values["a"], values["oracle"], equal_var=False)
    assert found.floor_p_values() == pytest.approx([expected.pvalue])


def test_errors_of_few_independent_models_have_few_degrees_of_freedom() -> None:
    rows = [{**own, "n_models": 60, "n_independent": MODELS} for own in table({"some": {"a": 1.0}})]
    (pool,), _ = cells_of(rows, "gap", declared(), ["a"])
    assert pool.errors == pytest.approx(0.1) and (pool.freedom == MODELS - 1).all()
    (paired,), _ = cells_of([{**own, "n_models": 9, "n_oracles": MODELS} for own in rows], "gap", declared(), ["a"])
    assert (paired.freedom == MODELS - 1).all() and (paired.floor_freedom == MODELS - 1).all()


def test_the_smallest_p_value_of_two_splits_counts_twice() -> None:
    (own,), _ = cells_of(table({"some": {"a": 0.5}}), "gap", declared(), ["a"])
    each = student.sf(0.3 / np.hypot(0.1, 0.1), 2 * (MODELS - 1))
    assert own.floor_p_values()[0] == pytest.approx(2 * each)


def test_without_an_interval_over_models_nothing_is_known() -> None:
    assert np.isnan(cell([0.3, 0.1], errors=np.nan).floor_p_values()).all()
    assert cell([0.3, 0.0], errors=0.0).floor_p_values().tolist() == [0.0, 0.5]
    rows = table({"some": {"a": 1.0}}, error=None)
    (own,), _ = cells_of(rows, "gap", declared(), ["a"])
    assert np.isnan(own.errors).all()
    np.testing.assert_array_equal(own.drawn_distances(np.random.default_rng(0), 2), [own.distances()] * 2)


@pytest.mark.parametrize("models", [6, 24])
def test_p_values_at_the_floor_are_no_smaller_than_they_say(models: int) -> None:
    rng, freedom, trials = np.random.default_rng(1), np.array([models - 1.0]), 4000
    p = []
    for own, floor in rng.normal(size=(trials, 2, models)):
        (value, error), side = (
            (each.mean(keepdims=True), each.std(ddof=1, keepdims=True) / np.sqrt(models)) for each in (own, floor)
        )
        at = Cell("some", "gap", "match", 0.0, value[None], error[None], freedom[None], *side, freedom)
        p.append(at.floor_p_values()[0])
    for level in (0.05, 0.01):
        assert 0.5 * level < np.mean(np.array(p) <= level) < level + 3 * np.sqrt(level / trials)
