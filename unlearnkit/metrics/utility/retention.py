"""Retention: how much of the accuracy of retraining an unlearned model keeps, model by model.

Unlearned model k is compared with oracle k, which has the same index and, where both draw anything, the same seeds. So
the row of the oracles themselves, which are compared with other oracles, is what another seed alone does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.errors import MetricError
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population, require_same_samples

AXIS = "models"
READS = ("margins",)
NEEDS_ORACLE = True
MIN_MODELS = 1
HEADLINE = "retention_deviation"
STATISTIC = "mean"
UNDEFINED = "where an oracle is right on no sample of the split, there is nothing to divide by"
MEASURES = {
    "retention_deviation": {
        "direction": "lower",
        "low": 0.0,
        "high": None,
        "unit": "ratio",
        "label": "Retention deviation",
        "splits": ("all",),
        "undefined": UNDEFINED,
    },
    "retention": {
        "direction": "match",
        "low": 0.0,
        "high": None,
        "unit": "ratio",
        "label": "Retention",
        "splits": ("forget", "retain", "validation", "test"),
        "undefined": UNDEFINED,
    },
    "sape": {
        "direction": "lower",
        "low": 0.0,
        "high": 100.0,
        "unit": "%",
        "label": "SAPE of accuracies",
        "splits": ("forget", "retain", "validation", "test"),
    },
    "accuracy": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Accuracy",
        "splits": ("forget", "retain", "validation", "test"),
    },
}


class Settings(BaseSettings):
    """Settings of retention."""

    num_models: int | None = Field(None, ge=1, description="models per side; null: all")


def score(
    candidate: Population, oracle: Population, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return accuracies, retentions, their deviation and SAPE per pair of models, {measure: {split: [models]}}.

    With a = accuracy of model k on a split and r = that of oracle k:

        retention = a / r,    sape = 100 |a - r| / (a + r)
        retention_deviation = sum of |1 - retention| over forget, retain and test samples (validation where no test)

    It belongs to no single split, so its split is "all". Both are NaN for all pairs where an oracle is right on no
    sample of a split that they count. `rng` is unused. Raises MetricError for non-finite margins, other samples, and
    another number of oracles than of models.
    """
    candidate, oracle = (side.first_models(settings.num_models) for side in (candidate, oracle))
    require_finite(candidate.margins, "candidate")
    require_same_samples(candidate, oracle)
    if candidate.models != oracle.models:
        raise MetricError(
            f"retention pairs every model with its oracle, but there are {candidate.models} and {oracle.models}",
            expected="as many oracles as models",
        )
    splits = candidate.present(MEASURES["accuracy"]["splits"])
    accuracy, reference = ({name: _accuracy(side, name) for name in splits} for side in (candidate, oracle))
    ratios = {name: retention(accuracy[name], reference[name]) for name in splits}
    return {
        "retention_deviation": {"all": retention_deviation(ratios)},
        "retention": ratios,
        "sape": {name: sape(accuracy[name], reference[name]) for name in splits},
        "accuracy": accuracy,
    }


def retention(accuracy: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return accuracy / reference of every model, [models] each in [0, 1]; 1 keeps all, 0 nothing, no upper limit.

    NaN for all models where any reference is 0: a mean over the others would be one over oracles that are right by
    luck. Source: RR, FR and TR of Cadet et al. 2024 (arXiv 2410.01276).
    """
    return accuracy / np.where((reference > 0).all(), reference, np.nan)


def retention_deviation(ratios: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return sum of |1 - ratio| over forget, retain and test samples, [models] in [0, inf); 0 is retraining.

    `ratios` are those of `retention` by split, NaN where undefined, as the sum then is; without test samples,
    validation samples stand in for them. Source: Cadet et al. 2024 (arXiv 2410.01276).
    """
    unseen = "test" if "test" in ratios else "validation"
    return np.sum([np.abs(1 - ratios[name]) for name in ("forget", "retain", unseen)], axis=0)


def sape(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 100 |a - b| / (|a| + |b|), the symmetric absolute percentage error, in [0, 100]; 0 where both are 0."""
    total = np.abs(a) + np.abs(b)
    return 100 * (np.abs(a - b) / np.where(total == 0, 1, total))


def _accuracy(population: Population, split: str) -> NDArray[np.float64]:
    return population.of_split(split).correct.mean(axis=1, dtype=np.float64)
