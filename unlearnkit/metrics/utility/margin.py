"""Margins and accuracy of the models themselves: what can be said of a single model, without oracles.

A forgotten sample should look like one that the model never saw. Where forget set and validation set have one
distribution, the validation samples show what that means; the oracles, where there are any, show it exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "samples"
READS = ("margins",)
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "margin"
STATISTIC = "mean"
MEASURES = {
    "margin": {
        "direction": "match",
        "low": None,
        "high": None,
        "unit": "nats",
        "label": "Margin",
        "splits": ("forget", "retain", "validation", "test"),
    },
    "correct": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Accuracy",
        "splits": ("forget", "retain", "validation", "test"),
    },
}


class Settings(BaseSettings):
    """No settings."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return per sample the mean margin over models and the share of them that are correct, {measure: {split: values}}.

        margin = mean over models of z_y - log sum over c != y of exp(z_c),    correct = mean over models of [correct]

    Margins are in nats, unbounded, higher for more confident models; shares are in [0, 1], and their mean over the
    samples of a split is the accuracy. `oracle`, `settings` and `rng` are unused. Raises MetricError for non-finite
    margins and for a split without samples. Source of the margin: Georgiev et al. 2024 (arXiv 2410.23232), App. E.1.
    """
    require_finite(candidate.margins, "candidate")
    parts = {name: candidate.of_split(name) for name in candidate.present(MEASURES["margin"]["splits"])}
    return {
        "margin": {name: part.margins.mean(axis=0, dtype=np.float64) for name, part in parts.items()},
        "correct": {name: part.correct.mean(axis=0, dtype=np.float64) for name, part in parts.items()},
    }
