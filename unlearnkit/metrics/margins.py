"""Margins: the one number per model and sample that every metric starts from."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unlearnkit.errors import MetricError

# [classes, rows] in float32 then stays in the second-level cache
ROWS_PER_CHUNK = 8192


def margins_from_logits(logits: ArrayLike, labels: ArrayLike) -> NDArray[np.floating]:
    """Return the lead of the true class over all others, z_y - log sum_{c != y} exp(z_c).

    `logits` [..., classes], floating; `labels` [...] integers, or the last axes of it (labels [samples] for logits
    [models, samples, classes]). Returns [...] in nats, float64 for float64 logits and float32 for any other. Equals log
    p_y - log(1 - p_y), the logit-scaled confidence; higher is more confident, the range is unbounded. A sample with a
    non-finite logit gets NaN. Raises MetricError for fewer than two classes, labels out of range, and shapes or types
    that do not fit. Source: Georgiev et al. 2024 (arXiv 2410.23232), App. E.1.
    """
    logits, labels = np.asarray(logits), np.asarray(labels)
    _require_matching(logits, labels)
    rows = logits.reshape(-1, logits.shape[-1])
    row_labels = np.broadcast_to(labels, logits.shape[:-1]).reshape(-1)
    margins = np.empty(len(rows), np.float64 if logits.dtype == np.float64 else np.float32)
    for start in range(0, len(rows), ROWS_PER_CHUNK):
        chunk = slice(start, start + ROWS_PER_CHUNK)
        # classes first: reductions over the leading axis are vectorised, over ten trailing entries they are not
        by_class = np.array(rows[chunk].T, dtype=margins.dtype, order="C")
        margins[chunk] = _margins_by_class(by_class, row_labels[chunk])
    return margins.reshape(logits.shape[:-1])


def loss_from_margins(margins: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the cross entropy of a prediction from its margin, softplus(-margin) = -log p_y.

    Any shape and floating type, kept; nats, in [0, inf), lower is more confident. NaN stays NaN.
    """
    return np.logaddexp(np.zeros((), margins.dtype), -margins)


def require_finite(margins: NDArray[np.floating], name: str) -> None:
    """Raise MetricError, naming the models, if `margins` [models, samples] has NaN or infinite values."""
    finite = np.isfinite(margins)
    if finite.all():
        return
    models = np.flatnonzero(~finite.all(axis=1))
    listed = ", ".join(map(str, models[:10])) + (", ..." if len(models) > 10 else "")
    raise MetricError(
        f"{name} margins have {finite.size - finite.sum()} non-finite values, in {len(models)} of {len(margins)} "
        f"models (positions {listed})",
        expected="finite margins",
        remedy="those models diverged; lower the learning rate of whatever made them, or report the variant as failed",
    )


def _margins_by_class(by_class: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.floating]:
    """Margins of logits [classes, rows]; overwrites them."""
    rows = np.arange(by_class.shape[1])
    finite = np.isfinite(by_class).all(axis=0)
    true_logit = by_class[labels, rows]
    by_class[labels, rows] = -np.inf
    highest = by_class.max(axis=0)
    with np.errstate(invalid="ignore", over="ignore"):  # only where a logit is not finite
        by_class -= highest
        np.exp(by_class, out=by_class)
        margins = true_logit - highest - np.log(by_class.sum(axis=0))
    return np.where(finite, margins, np.nan)


def _require_matching(logits: NDArray, labels: NDArray) -> None:
    if not np.issubdtype(logits.dtype, np.floating) or logits.ndim == 0:
        raise MetricError(
            f"logits have type {logits.dtype} and shape {logits.shape}", expected="floating [..., classes]"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise MetricError(f"labels have type {labels.dtype}", expected="integer class indices")
    *leading, classes = logits.shape
    if classes < 2:
        raise MetricError(
            f"logits have {classes} class", expected="at least two: a margin compares the true class with others"
        )
    if tuple(leading[len(leading) - labels.ndim :]) != labels.shape or labels.ndim > len(leading):
        raise MetricError(
            f"labels have shape {labels.shape} but logits {logits.shape}",
            expected=f"labels of shape {tuple(leading)} or its last axes",
        )
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise MetricError(
            f"labels range from {labels.min()} to {labels.max()} but logits have {classes} classes",
            expected=f"labels in 0..{classes - 1}",
            remedy="check that model and data set have the same classes",
        )
