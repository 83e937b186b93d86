"""Logistic regression on one number, for many data sets at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from unlearnkit.errors import MetricError

MAX_STEPS = 100
MAX_HALVINGS = 40
# of the last Newton step, in standardised units; convergence is quadratic, so the error left is far below it
STEP_TOLERANCE = 1e-9

Array = NDArray[np.float64]


def fit_logistic(
    values: ArrayLike, labels: ArrayLike, *, weights: ArrayLike | None = None, strength: float = 1.0
) -> tuple[Array, Array]:
    """Return slope and intercept of P(label 1 | x) = 1 / (1 + exp(-slope x - intercept)), one fit per row of `values`.

    Minimises slope^2 / 2 + strength * sum of w log-loss: scikit-learn's default objective (L2 penalty on the slope
    only, C = strength). `values` [..., samples] finite; `labels` [..., samples] bool or 0/1; `weights` [..., samples]
    non-negative, so that masks select training sets; leading axes broadcast. Returns two float64 arrays [...]. Solved
    by damped Newton steps on standardised values, all rows together. Raises MetricError if a row lacks a class, has a
    non-finite value, or does not converge.
    """
    x, y = np.asarray(values, np.float64), np.asarray(labels, np.float64)
    w = strength * np.asarray(1.0 if weights is None else weights, np.float64)
    x, y, w = np.broadcast_arrays(x, y, w)
    _require_solvable(x, y, w)
    centre, scale = x.mean(axis=-1, keepdims=True), x.std(axis=-1, keepdims=True)
    scale = np.where(scale > 0, scale, 1.0)
    slope, intercept = _newton((x - centre) / scale, y, w, penalty=1 / np.square(scale[..., 0]))
    slope = slope / scale[..., 0]
    return slope, intercept - slope * centre[..., 0]


def _newton(x: Array, y: Array, w: Array, penalty: Array) -> tuple[Array, Array]:
    """Minimise penalty * slope^2 / 2 + sum w log-loss, row by row."""
    slope, intercept = np.zeros(x.shape[:-1]), np.zeros(x.shape[:-1])
    for _ in range(MAX_STEPS):
        slope_step, intercept_step = _step(slope, intercept, x, y, w, penalty)
        damping = _damping(slope, intercept, slope_step, intercept_step, x, y, w, penalty)
        slope, intercept = slope - damping * slope_step, intercept - damping * intercept_step
        if max(np.abs(slope_step).max(initial=0), np.abs(intercept_step).max(initial=0)) < STEP_TOLERANCE:
            return slope, intercept
    raise MetricError(f"logistic regression did not converge in {MAX_STEPS} steps", expected="values of a usual scale")


def _damping(
    slope: Array,
    intercept: Array,
    slope_step: Array,
    intercept_step: Array,
    x: Array,
    y: Array,
    w: Array,
    penalty: Array,
) -> Array:
    """The first of 1, 1/2, 1/4, ... by which each row's step does not increase its objective."""
    damping = np.ones(slope.shape)
    limit = _objective(slope, intercept, x, y, w, penalty) * (1 + 1e-12)  # near the optimum rounding adds a little
    for _ in range(MAX_HALVINGS):
        reached = _objective(slope - damping * slope_step, intercept - damping * intercept_step, x, y, w, penalty)
        if not (reached > limit).any():
            break
        damping = np.where(reached > limit, damping / 2, damping)
    return damping


def _step(slope: Array, intercept: Array, x: Array, y: Array, w: Array, penalty: Array) -> tuple[Array, Array]:
    """The Newton step, Hessian^-1 gradient, of each row's two parameters."""
    sign = 2 * y - 1
    wrong = expit(-sign * (slope[..., None] * x + intercept[..., None]))  # without the cancellation in p - y
    residual, curvature = -w * sign * wrong, w * wrong * (1 - wrong)
    g_slope, g_intercept = np.vecdot(residual, x) + penalty * slope, residual.sum(axis=-1)
    h_cross, h_intercept = np.vecdot(curvature, x), curvature.sum(axis=-1)
    h_slope = np.vecdot(curvature * x, x) + penalty
    determinant = h_slope * h_intercept - np.square(h_cross)
    return (
        (h_intercept * g_slope - h_cross * g_intercept) / determinant,
        (h_slope * g_intercept - h_cross * g_slope) / determinant,
    )


def _objective(slope: Array, intercept: Array, x: Array, y: Array, w: Array, penalty: Array) -> Array:
    z = slope[..., None] * x + intercept[..., None]
    return penalty * np.square(slope) / 2 + np.vecdot(w, np.logaddexp(0, (1 - 2 * y) * z))


def _require_solvable(x: Array, y: Array, w: Array) -> None:
    if not np.isfinite(x).all():
        raise MetricError(
            f"logistic regression got {np.sum(~np.isfinite(x))} non-finite values", expected="finite values"
        )
    if (w < 0).any():
        raise MetricError("logistic regression got negative weights", expected="weights of 0 or more")
    if not (np.vecdot(w, y) > 0).all() or not (np.vecdot(w, 1 - y) > 0).all():
        raise MetricError(
            "logistic regression got a row with one class only", expected="samples of both classes in each row"
        )
