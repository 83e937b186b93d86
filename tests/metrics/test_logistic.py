"""Logistic regression: the same minimum as scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from unlearnkit.errors import MetricError
from unlearnkit.metrics.logistic import fit_logistic


def sklearn_fit(
    x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None, strength: float = 1.0
) -> tuple[float, float]:
    model = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-10, max_iter=1000)
    model.fit(x[:, None], y, sample_weight=weights)
    return np.asarray(model.coef_).item(), np.asarray(model.intercept_).item()


@pytest.mark.parametrize("gap", [0.0, 0.7, 2.0, 50.0])
@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (1e-3, 0.0), (30.0, -5.0), (1.0, 1000.0)])
def test_coefficients_equal_sklearn(gap: float, scale: float, offset: float) -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [40, 60])
    x = (rng.normal(size=(8, 100)) + gap * y) * scale + offset
    slopes, intercepts = fit_logistic(x, y)
    for row, slope, intercept in zip(x, slopes, intercepts, strict=True):
        expected = sklearn_fit(row, y)
        np.testing.assert_allclose(slope, expected[0], rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(intercept, expected[1], rtol=1e-6, atol=1e-6)


def test_heavy_tailed_values_and_strength_equal_sklearn() -> None:
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1], 50)
    x = np.exp(2 * rng.normal(size=100) + y)
    for strength in (0.01, 1.0, 100.0):
        fitted = fit_logistic(x, y, strength=strength)
        np.testing.assert_allclose(fitted, sklearn_fit(x, y, strength=strength), rtol=1e-6)


def test_masks_and_weights_solve_many_training_sets_in_one_call() -> None:
    rng = np.random.default_rng(2)
    y = np.repeat([0, 1], 25)
    x = rng.normal(size=(3, 1, 50)) + y
    weights = np.stack([rng.random(50) < 0.7, rng.random(50), np.ones(50)])
    slopes, intercepts = fit_logistic(x, y, weights=weights)
    assert slopes.shape == intercepts.shape == (3, 3)
    for i in range(3):
        for j in range(3):
            expected = sklearn_fit(x[i, 0], y, weights[j])
            np.testing.assert_allclose((slopes[i, j], intercepts[i, j]), expected, rtol=1e-6)
    np.testing.assert_allclose(slopes[0, 0], fit_logistic(x[0, 0, weights[0] > 0], y[weights[0] > 0])[0], rtol=1e-9)


def test_constant_values_give_the_base_rate() -> None:
    slope, intercept = fit_logistic(np.full(10, 3.0), np.repeat([0, 1], [4, 6]))
    assert slope == pytest.approx(0) and intercept == pytest.approx(np.log(6 / 4))


def test_refusals() -> None:
    with pytest.raises(MetricError, match="one class only"):
        fit_logistic(np.arange(4.0), np.ones(4))
    with pytest.raises(MetricError, match="one class only"):
        fit_logistic(np.arange(4.0), np.array([0, 0, 1, 1]), weights=np.array([1, 1, 0, 0]))
    with pytest.raises(MetricError, match="1 non-finite"):
        fit_logistic(np.array([0, np.nan]), np.array([0, 1]))
    with pytest.raises(MetricError, match="negative weights"):
        fit_logistic(np.arange(2.0), np.array([0, 1]), weights=np.array([1, -1]))
