"""Perplexity: how many tokens a model hesitates between, on average."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Observation, Population
from unlearnkit.metrics.tokens import counted, without_end

AXIS = "models"
READS = ("margins", "token_scores")
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "perplexity"
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
WITHOUT_END = ("lambada", "dialogue")
"""Splits of words and turns that a text goes on behind: a model that ends it there is no better."""
MEASURES = {
    "perplexity": {
        "direction": "match",
        "low": 1.0,
        "high": None,
        "unit": "tokens",
        "label": "Perplexity",
        "splits": SPLITS,
    },
}


class Settings(BaseSettings):
    """No settings."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return exp of the mean of -log p over all targets of a split, per model, {measure: {split: [models]}}, 1 or more.

        perplexity = exp(-sum of log p over the targets of all sequences / number of these targets)

    Every target counts the same, whatever the length of its sequence; padding has no target, and the token that ends an
    answer counts but for splits of WITHOUT_END. `oracle`, `settings` and `rng` are unused. Raises MetricError for
    non-finite margins and for a split whose sequences were not observed.
    """
    require_finite(candidate.margins, "candidate")
    parts = {name: candidate.seen("token_scores", name) for name in candidate.present(SPLITS)}
    return {"perplexity": {name: _perplexity(part, ends=name not in WITHOUT_END) for name, part in parts.items()}}


def _perplexity(scores: Observation, *, ends: bool) -> NDArray[np.float64]:
    log_p, counts = scores["log_p"], scores["targets"] if ends else without_end(scores)
    total = np.where(counted(counts, log_p.shape[-1]), log_p, 0).sum(axis=(1, 2), dtype=np.float64)
    return np.exp(-total / counts.sum(axis=1))
