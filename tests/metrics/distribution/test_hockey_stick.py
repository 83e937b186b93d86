"""The hockey-stick divergence: the closed form of normals, a bound from below, and the relative test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.kernel_ridge import KernelRidge

from unlearnkit.metrics.distribution.hockey_stick import relative_hockey_stick
from unlearnkit.metrics.distribution.three_samples import coins, kernel_of, squared_distances


def kernel_between(seed: int, models: int, shifts: tuple[float, float, float]) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(3, models)) + np.array(shifts)[:, None]
    return kernel_of(squared_distances(drawn.reshape(-1, 1)))


def of_normals(shift: float, gamma: float) -> float:
    """E_gamma between unit normals whose means differ by `shift`."""
    ends = norm.cdf([shift / 2 - np.log(gamma) / shift, -shift / 2 - np.log(gamma) / shift])
    return float(ends[0] - gamma * ends[1])


@pytest.mark.parametrize("gamma", [1.0, 2.0])
def test_of_normals_it_comes_near_to_the_closed_form(gamma: float) -> None:
    found = [
        relative_hockey_stick(kernel_between(seed, 100, (0, 1, 2.5)), np.ones((100, 1)), gamma=gamma, ridge=0.1)[:2]
        for seed in range(10)
    ]
    assert np.mean(found, axis=0) == pytest.approx([of_normals(1, gamma), of_normals(2.5, gamma)], abs=0.06)


def test_in_expectation_it_is_a_lower_bound() -> None:
    found = [
        relative_hockey_stick(kernel_between(seed, 20, (0, 1, 2)), np.ones((20, 1)), gamma=1.0, ridge=0.1)
        for seed in range(60)
    ]
    for name, shift in (("to_oracles", 1), ("to_originals", 2)):
        values = [getattr(each, name) for each in found]
        assert np.mean(values) < of_normals(shift, 1.0) + 2 * np.std(values) / np.sqrt(60)


def test_the_witness_is_the_kernel_ridge_regression_of_scikit_learn() -> None:
    models, kernel = 10, kernel_between(2, 10, (0, 1, 2))
    found = relative_hockey_stick(kernel, np.ones((models, 1)), gamma=1.0, ridge=1)
    gains = []
    for start in (0, 1):
        fitted, held = np.arange(start, models, 2), np.arange(1 - start, models, 2)
        rows = np.concatenate([fitted, models + fitted])
        witness = KernelRidge(alpha=1, kernel="precomputed").fit(
            kernel[np.ix_(rows, rows)], np.repeat([0.5, -0.5], len(fitted))
        )
        ours, theirs = (witness.predict(kernel[np.ix_(at, rows)]) > 0 for at in (held, models + held))
        gains += [*(ours.astype(int) - theirs)]
    assert found.to_oracles == pytest.approx(max(0.0, np.mean(gains)))


@pytest.mark.parametrize(
    ("shifts", "right"), [((0, 0, 2), "p_oracle"), ((2, 0, 2), "p_original"), ((0, 0, 0), None), ((0, 50, 50), None)]
)
def test_the_nearer_population_is_found(shifts: tuple[float, float, float], right: str | None) -> None:
    rng, found = np.random.default_rng(0), {"p_oracle": 0, "p_original": 0}
    for seed in range(20):
        kernel = kernel_between(seed, 30, shifts)
        tested = relative_hockey_stick(kernel, coins(30, 99, rng), gamma=1.0, ridge=0.1)
        for name in found:
            found[name] += getattr(tested, name) <= 0.025
    assert all(count >= 16 if name == right else count <= 2 for name, count in found.items())
