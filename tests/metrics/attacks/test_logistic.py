"""Logistic regression: the same minimum as scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from unlearnkit.errors import MetricError
from unlearnkit.metrics.attacks.logistic import fit_logistic


def sklearn_fit(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    model = LogisticRegression(solver="newton-cholesky", tol=1e-10, max_iter=1000).fit(x[:, None], y)
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


def test_heavy_tailed_values_equal_sklearn() -> None:
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1], 50)
    x = np.exp(2 * rng.normal(size=100) + y)
    np.testing.assert_allclose(fit_logistic(x, y), sklearn_fit(x, y), rtol=1e-6)


def test_constant_values_give_the_base_rate() -> None:
    slope, intercept = fit_logistic(np.full(10, 3.0), np.repeat([0, 1], [4, 6]))
    assert slope == pytest.approx(0) and intercept == pytest.approx(np.log(6 / 4))


def test_refusals() -> None:
    with pytest.raises(MetricError, match="only one class"):
        fit_logistic(np.arange(4.0), np.ones(4))
    with pytest.raises(MetricError, match="only one class"):
        fit_logistic(np.arange(4.0), np.array([[0, 0, 1, 1], [0, 0, 0, 0]]))
    with pytest.raises(MetricError, match="1 non-finite"):
        fit_logistic(np.array([0, np.nan]), np.array([0, 1]))
