"""Calibration: do a model's probabilities state how often it is right? Per model, on every split.

Unlearning by ascent or by random labels may leave the accuracy as it is and ruin the probabilities. What is right for
forgotten samples is not 0 but what the oracles show on them, so the target is their own value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.errors import MetricError
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Observation, Population

AXIS = "models"
READS = ("margins", "confidences")
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "brier"
STATISTIC = "mean"
MEASURES = {
    "brier": {
        "direction": "match",
        "low": 0.0,
        "high": 2.0,
        "unit": "1",
        "label": "Brier score",
        "splits": ("forget", "retain", "validation", "test"),
    },
    "ece": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Calibration error",
        "splits": ("forget", "retain", "validation", "test"),
    },
    "ece_equal_mass": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Calibration error, equal mass",
        "splits": ("forget", "retain", "validation", "test"),
    },
}


class Settings(BaseSettings):
    """Settings of the calibration errors."""

    bins: int = Field(15, ge=1, description="bins of the largest probability; arXiv 1706.04599")


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return Brier score and both calibration errors of every model, {measure: {split: [models]}}.

        brier = mean over samples of sum over c of (p_c - [y = c])^2
        ece   = sum over bins of n_b / n |share of correct samples - mean of max p|,  bins of equal width or equal mass

    `oracle` and `rng` are unused. Raises MetricError for non-finite margins and confidences, and for a split whose
    samples were not observed.
    """
    require_finite(candidate.margins, "candidate")
    splits = candidate.present(MEASURES["brier"]["splits"])
    seen = {name: candidate.seen("confidences", name) for name in splits}
    for name, part in seen.items():
        _require_probabilities(part, name)
    sure = {name: (part["largest"], part["correct"]) for name, part in seen.items()}
    return {
        "brier": {name: part["brier"].mean(axis=1, dtype=np.float64) for name, part in seen.items()},
        "ece": {name: calibration_error(*predictions, bins=settings.bins) for name, predictions in sure.items()},
        "ece_equal_mass": {
            name: calibration_error(*predictions, bins=settings.bins, equal_mass=True)
            for name, predictions in sure.items()
        },
    }


def calibration_error(
    largest: NDArray[np.floating], correct: NDArray[np.bool_], *, bins: int = 15, equal_mass: bool = False
) -> NDArray[np.float64]:
    """Return the expected calibration error of every model, sum over bins of n_b / n |share correct - mean largest|.

    `largest` [models, samples] is the probability of the first choice, `correct` [models, samples] whether that is the
    label. The bins divide (0, 1] into equal widths, right edges included, or, with `equal_mass`, the samples of a model
    at the quantiles of `largest`; equal values share a bin, so the order of samples does not matter. Returns [models]
    in [0, 1], 0 where every bin is as often right as it is sure. Sources: Guo et al. 2017 (arXiv 1706.04599); of equal
    mass: Nixon et al. 2019 (arXiv 1904.01685).
    """
    inner = np.arange(1, bins) / bins
    errors = np.empty(len(largest))
    for model, (sure, right) in enumerate(zip(largest.astype(np.float64), correct, strict=True)):
        edges = np.quantile(sure, inner) if equal_mass else inner
        gaps = np.bincount(np.searchsorted(edges, sure), weights=right - sure, minlength=bins)
        errors[model] = np.abs(gaps).sum() / len(sure)
    return errors


def _require_probabilities(seen: Observation, split: str) -> None:
    failed = ~(np.isfinite(seen["brier"]) & np.isfinite(seen["largest"])).all(axis=1)
    if failed.any():
        raise MetricError(
            f"confidences of {split} samples are not finite in {failed.sum()} of {failed.size} models",
            expected="probabilities",
            remedy="make these observations again, and look at the models if they stay as they are",
        )
