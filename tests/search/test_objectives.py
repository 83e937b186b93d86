"""Objectives against hand-computed values; and what holds of them whatever the models."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from unlearnkit.declarations import declarations
from unlearnkit.metrics.population import Population
from unlearnkit.registry import OBJECTIVES, load_objective

SPLIT = np.repeat(["forget", "retain", "validation"], 10)


def population(forget: list[int], retain: list[int], validation: list[int], seed: int = 0) -> Population:
    """Return models that are right on so many of the ten samples of each split, with random margins."""
    right = np.stack(
        [[np.arange(10) < count for count in counts] for counts in zip(forget, retain, validation, strict=True)]
    )
    correct = right.reshape(len(forget), 30)
    size = np.random.default_rng(seed).uniform(0.1, 3.0, correct.shape)
    return Population(np.where(correct, size, -size), correct, SPLIT)


def test_deep_unlearns_values_by_hand() -> None:
    candidate, oracle = population([9, 4], [10, 7], [8, 8]), population([6, 6], [10, 10], [7, 9])
    found = load_objective("deep_unlearn").values(candidate, oracle, oracle, np.random.default_rng(0))
    np.testing.assert_allclose(found[:, :3], np.array([[0.0, 0.3, 0.1], [0.3, 0.2, 0.1]]) / 3, atol=1e-12)


def test_the_oracle_free_values_by_hand() -> None:
    candidate, original = population([9, 4], [9, 10], [8, 8]), population([10, 10], [10, 9], [9, 7])
    found = load_objective("oracle_free").values(candidate, original, None, np.random.default_rng(0))
    np.testing.assert_allclose(found[:, :3], np.array([[0.1, 0.1, 0.1], [0.4, 0.0, 0.0]]) / 3, atol=1e-12)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("lower", [0.0, 1.0, 20.0])
def test_how_well_forget_and_validation_samples_are_told_apart(name: str, lower: float) -> None:
    """The margins of validation samples are lower by so much; scikit-learn's attack on losses is as often right."""
    split = np.repeat(["forget", "retain", "validation"], 300)
    margins = np.random.default_rng(0).normal(0.0, 1.0, (1, 900))
    margins[:, 600:] -= lower
    candidate = Population(margins, margins > 0, split)
    found = load_objective(name).values(candidate, candidate, candidate, np.random.default_rng(0))[0, 3]
    losses, forgotten = np.log1p(np.exp(-margins[0]))[split != "retain", None], np.arange(600) < 300
    accuracy = LogisticRegression().fit(losses, forgotten).score(losses, forgotten)
    assert found == pytest.approx(2 * accuracy - 1, abs=0.15)


@pytest.mark.parametrize("name", OBJECTIVES)
@settings(max_examples=20)
@given(counts=st.lists(st.tuples(*[st.integers(0, 10)] * 3), min_size=2, max_size=4))
def test_values_lie_in_the_unit_interval_and_are_those_of_each_model(
    name: str, counts: list[tuple[int, int, int]]
) -> None:
    objective = load_objective(name)
    forget, retain, validation = (list(column) for column in zip(*counts, strict=True))
    candidate = population(forget, retain, validation)
    other = population([5] * len(counts), [9] * len(counts), [7] * len(counts))
    found = objective.values(candidate, other, other, np.random.default_rng(0))
    assert found.shape == (len(counts), len(objective.NAMES))
    assert ((found >= 0) & (found <= 1)).all()
    order = np.arange(len(counts))[::-1]
    turned = objective.values(*(own.take_models(order) for own in (candidate, other, other)), np.random.default_rng(0))
    np.testing.assert_allclose(turned[:, :3], found[order][:, :3])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_nothing_is_lost_by_a_model_that_is_what_it_is_compared_with(name: str) -> None:
    same = population([7, 7], [10, 9], [7, 7])
    found = load_objective(name).values(same, same, same, np.random.default_rng(0))
    np.testing.assert_array_equal(found[:, :3], 0.0)


def test_what_an_objective_reads_is_declared() -> None:
    assert {name: declarations(module).NEEDS_ORACLE for name, module in OBJECTIVES.items()} == {
        "oracle_free": False,
        "deep_unlearn": True,
    }
