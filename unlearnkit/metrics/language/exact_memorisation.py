"""Exact memorisation: the share of the tokens of a text that are a model's first choice, given those before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population
from unlearnkit.metrics.tokens import mean_of_counted, without_end

AXIS = "models"
READS = ("margins", "token_scores")
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "exact_memorisation"
STATISTIC = "mean"
SPLITS = (
    "forget",
    "retain",
    "validation",
    "authors",
    "facts",
    "forget_passages",
    "forget_questions",
    "retain_questions",
    "wikitext",
    "lambada",
    "dialogue",
)
MEASURES = {
    "exact_memorisation": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Exact memorisation",
        "splits": SPLITS,
    },
}


class Settings(BaseSettings):
    """No settings."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the share of targets that are the first choice, per model, {measure: {split: [models]}}.

        exact_memorisation = mean over sequences of the share of targets y with z_y > z_c for every other token c

    In [0, 1]. The token that ends an answer does not count. `oracle`, `settings` and `rng` are unused. Raises
    MetricError for non-finite margins and for a split whose sequences were not observed. Source: OpenUnlearning (2025);
    memorisation accuracy of Jang et al. 2022 (arXiv 2210.01504) is the same number on plain text.
    """
    require_finite(candidate.margins, "candidate")
    found = {}
    for name in candidate.present(SPLITS):
        scores = candidate.seen("token_scores", name)
        found[name] = mean_of_counted(scores["lead"] > 0, without_end(scores)).mean(axis=1)
    return {"exact_memorisation": found}
