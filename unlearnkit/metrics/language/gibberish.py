"""Gibberish: how sound a classifier of texts finds what a model writes, whatever it is about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "classified")
STATES = ("classified_by",)
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "clean"
STATISTIC = "mean"
SPLITS = ("forget", "retain", "validation", "authors", "facts")
MEASURES = {
    "clean": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "probability",
        "label": "Answers that are no gibberish",
        "splits": SPLITS,
    },
}


class Settings(BaseSettings):
    """No settings."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the mean over questions of the probability that an answer is clean, {"clean": {split: [models]}}.

        clean = mean over questions of p(clean | answer) by a classifier of texts, which tables name

    `oracle`, `settings` and `rng` are unused. Raises MetricError for non-finite margins and for a split whose answers
    were not classified. Source: OpenUnlearning (2025).
    """
    require_finite(candidate.margins, "candidate")
    parts = {split: candidate.seen("classified", split)["probability"] for split in candidate.present(SPLITS)}
    return {"clean": {split: probability.mean(axis=1, dtype=np.float64) for split, probability in parts.items()}}
