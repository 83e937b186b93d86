"""Probability: how likely the answer to a question is, normalised by its length; also among given options."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.language.answered import mean_of_defined, probability, probability_among_options
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "answers")
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "probability"
STATISTIC = "mean"
SHARE = {"direction": "match", "low": 0.0, "high": 1.0, "unit": "probability"}
MEASURES = {
    "probability": {
        "label": "Probability of the answer",
        "splits": ("forget", "retain", "validation", "authors", "facts"),
        **SHARE,
    },
    "probability_among_options": {
        "label": "Probability among options",
        "splits": ("authors", "facts"),
        "undefined": "where no question of the split has wrong answers",
        **SHARE,
    },
}


class Settings(BaseSettings):
    """No settings."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the mean over questions of both probabilities, per model, {measure: {split: [models]}}, in [0, 1].

        p(a)                      = exp(mean of log p over the tokens of a), the end of the answer included
        probability               = mean over questions of p(answer)
        probability_among_options = mean over questions of p(answer) / (p(answer) + sum over wrong answers of p(wrong))

    `oracle`, `settings` and `rng` are unused. Raises MetricError for non-finite margins and for a split whose questions
    were not observed. Source: Maini et al. 2024 (arXiv 2401.06121).
    """
    require_finite(candidate.margins, "candidate")
    of = {"probability": probability, "probability_among_options": probability_among_options}
    return {
        name: {
            split: mean_of_defined(of[name](candidate.seen("answers", split)))
            for split in candidate.present(MEASURES[name]["splits"])
        }
        for name in MEASURES
    }
