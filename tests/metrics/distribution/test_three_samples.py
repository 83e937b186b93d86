"""The relative test: closed forms, the sums written out, symmetries, and how often it is wrong where none is nearer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtr
from sklearn.metrics.pairwise import rbf_kernel

from unlearnkit.errors import MetricError
from unlearnkit.metrics.distribution.three_samples import (
    BANDWIDTHS,
    coins,
    kernel_of,
    relative_mmd,
    same_law,
    squared_distances,
)


def points(seed: int, models: int, values: int = 5, shifts: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    """Normal models of U, O and P, one population after the other."""
    drawn = np.random.default_rng(seed).normal(size=(3, models, values)) + np.array(shifts)[:, None, None]
    return drawn.reshape(3 * models, values)


def mean_kernel(difference: float, variance: float) -> float:
    """Mean of exp(-(x - y)^2 / 2) over independent normals whose means differ, with a sum of variances."""
    return np.exp(-(difference**2) / (2 * (1 + variance))) / np.sqrt(1 + variance)


def test_squared_mmd_of_normals_has_its_closed_form() -> None:
    rng, found = np.random.default_rng(0), []
    for _ in range(100):
        drawn = rng.normal(np.repeat([1, 0, 3], 60), np.repeat([1, 1, 2], 60))
        found.append(relative_mmd(rbf_kernel(drawn[:, None], gamma=0.5), coins(60, 1, rng))[:2])
    own = mean_kernel(0, 2)
    expected = [2 * own - 2 * mean_kernel(1, 2), own + mean_kernel(0, 8) - 2 * mean_kernel(2, 5)]
    errors = np.std(found, axis=0, ddof=1) / 10
    assert (np.abs(np.mean(found, axis=0) - expected) < 3 * errors).all()
    assert (errors < 0.01).all()


def test_the_kernel_is_a_mean_of_those_of_scikit_learn() -> None:
    drawn = points(0, 7)
    squared = ((drawn[:, None] - drawn) ** 2).sum(axis=-1)
    median = np.median(squared[np.triu_indices(21, 1)])
    expected = np.mean([rbf_kernel(drawn, gamma=1 / (2 * median * scale**2)) for scale in BANDWIDTHS], axis=0)
    np.testing.assert_allclose(kernel_of(squared_distances(drawn)), expected, rtol=1e-9)


def test_few_models_are_exchanged_in_all_ways_and_p_values_are_exact() -> None:
    signs = coins(6, 999, np.random.default_rng(0))
    everything = {*itertools.product((-1.0, 1.0), repeat=6)}
    assert {*map(tuple, signs.T)} == everything - {(1.0,) * 6} and signs.shape == (6, 63)
    kernel = kernel_of(squared_distances(points(4, 6, shifts=(0, 0.5, 1))))
    found = [relative_mmd(kernel[np.ix_(at, at)], signs).statistic for at in exchanged_orders(6)]
    own = relative_mmd(kernel, signs)
    share = np.mean([value <= own.statistic + 1e-9 for value in found])
    assert own.p_oracle == max(share, stdtr(5, own.statistic))
    assert coins(10, 999, np.random.default_rng(0)).shape == (10, 999)


def exchanged_orders(models: int) -> list[np.ndarray]:
    """Orders of U, O and P after every exchange of some o_k and p_k, the identity included."""
    own = np.arange(models)
    return [
        np.concatenate([own, own + models * (1 + swap), own + models * (2 - swap)])
        for swap in map(np.array, itertools.product((0, 1), repeat=models))
    ]


def written_out(kernel: np.ndarray, exchanged: np.ndarray) -> tuple[float, float]:
    """Mean of h over pairs and its standard error, by loops over models, after the exchange of some o_k and p_k."""
    count = len(exchanged)
    near = [2 * count + k if swap else count + k for k, swap in enumerate(exchanged)]
    far = [count + k if swap else 2 * count + k for k, swap in enumerate(exchanged)]

    def h(i: int, j: int) -> float:
        towards = kernel[near[i], near[j]] - kernel[i, near[j]] - kernel[near[i], j]
        return towards - (kernel[far[i], far[j]] - kernel[i, far[j]] - kernel[far[i], j])

    def mean(products: list[float]) -> float:
        return sum(products) / len(products)

    orders = range(count)
    pairs = [h(i, j) for i, j in itertools.permutations(orders, 2)]
    squared = mean([h(i, j) * h(k, m) for i, j, k, m in itertools.permutations(orders, 4)])
    first = mean([h(i, j) * h(i, k) for i, j, k in itertools.permutations(orders, 3)]) - squared
    second = mean([value**2 for value in pairs]) - squared
    variance = 2 * (2 * (count - 2) * max(first, 0) + max(second, 0)) / (count * (count - 1))
    return mean(pairs), np.sqrt(variance)


def test_statistic_and_p_values_are_those_of_the_sums_written_out() -> None:
    models = 6
    kernel = kernel_of(squared_distances(points(3, models, shifts=(0, 0.3, 0.8))))
    signs = coins(models, 40, np.random.default_rng(1))
    (difference, error), *others = (written_out(kernel, swap < 0) for swap in (np.ones(models), *signs.T))
    own, statistics = difference / error, np.array([mean / deviation for mean, deviation in others])
    found = relative_mmd(kernel, signs)
    assert found.statistic == pytest.approx(own, rel=1e-9)
    assert found.to_oracles - found.to_originals == pytest.approx(difference, rel=1e-9)
    shares = [(1 + np.sum(statistics <= own + 1e-9)) / 41, (1 + np.sum(statistics >= own - 1e-9)) / 41]
    expected = [max(share, stdtr(models - 1, side * own)) for share, side in zip(shares, (1, -1), strict=True)]
    assert [found.p_oracle, found.p_original] == pytest.approx(expected)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_oracles_and_originals_change_roles_and_the_order_of_triples_is_free(seed: int) -> None:
    models, rng = 8, np.random.default_rng(seed)
    kernel, signs = kernel_of(squared_distances(points(seed, models, shifts=(0, 0.2, 0.5)))), coins(models, 50, rng)
    found = relative_mmd(kernel, signs)
    roles = np.concatenate([np.arange(models), np.arange(2 * models, 3 * models), np.arange(models, 2 * models)])
    other = relative_mmd(kernel[np.ix_(roles, roles)], signs)
    expected = (found.to_originals, found.to_oracles, -found.statistic, found.p_original, found.p_oracle)
    assert other == pytest.approx(expected, rel=1e-8)
    order = rng.permutation(models)
    places = np.concatenate([order, order + models, order + 2 * models])
    assert relative_mmd(kernel[np.ix_(places, places)], signs[order]) == pytest.approx(found, rel=1e-8)


def test_the_pair_of_a_model_and_what_it_started_from_is_left_out() -> None:
    drawn = points(5, 20, shifts=(0, 0, 3))
    drawn[:20] = drawn[40:]  # unlearned models that are the originals themselves
    found = relative_mmd(kernel_of(squared_distances(drawn)), coins(20, 199, np.random.default_rng(0)))
    assert found.to_originals == pytest.approx(0, abs=1e-12)
    assert found.p_original < 0.025


@pytest.mark.parametrize("models", [8, 30])
def test_verdicts_are_rare_where_all_have_one_law(models: int) -> None:
    rng, alarms, unequal = np.random.default_rng(models), 0, 0
    for seed in range(400):
        kernel, signs = kernel_of(squared_distances(points(seed, models))), coins(models, 99, rng)
        alarms += min(relative_mmd(kernel, signs)[3:]) <= 0.025
        unequal += same_law(kernel, signs) <= 0.05
    assert alarms <= 20
    assert unequal <= 34  # 20 expected, 34 with a probability of 0.2 %


@pytest.mark.parametrize("shift", [0.4, 1.0])
def test_verdicts_are_rare_half_way_between_different_references(shift: float) -> None:
    rng, alarms = np.random.default_rng(0), 0
    for seed in range(300):
        kernel = kernel_of(squared_distances(points(seed, 30, shifts=(0, -shift, shift))))
        alarms += min(relative_mmd(kernel, coins(30, 99, rng))[3:]) <= 0.025
    assert alarms <= 25  # 15 expected, 25 with a probability of 1 %


@pytest.mark.parametrize(("shifts", "right"), [((0, 0, 1), "p_oracle"), ((1, 0, 1), "p_original")])
def test_the_nearer_population_is_found(shifts: tuple[float, float, float], right: str) -> None:
    rng, found = np.random.default_rng(0), []
    for seed in range(40):
        kernel = kernel_of(squared_distances(points(seed, 30, shifts=shifts)))
        found.append(getattr(relative_mmd(kernel, coins(30, 99, rng)), right) <= 0.025)
    assert sum(found) >= 36


def test_models_without_any_difference_are_refused() -> None:
    with pytest.raises(MetricError, match="most models have the same values"):
        kernel_of(squared_distances(np.ones((12, 3))))
