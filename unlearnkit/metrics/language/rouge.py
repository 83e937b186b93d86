"""ROUGE: how much of the true answer a model's own answer has, and what else can be said of what it writes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.language.answered import mean_of_defined
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "generations")
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "rougeL_recall"
STATISTIC = "mean"
UNDEFINED = "where no true answer of a split has words"
SHARE = {
    "direction": "match",
    "low": 0.0,
    "high": 1.0,
    "unit": "fraction",
    "splits": ("forget", "retain", "validation", "authors", "facts"),
}
MEASURES = {
    "rougeL_recall": {"label": "ROUGE-L recall", "undefined": UNDEFINED, **SHARE},
    "rougeL_f1": {"label": "ROUGE-L F1", "undefined": UNDEFINED, **SHARE},
    "rouge1_recall": {"label": "ROUGE-1 recall", "undefined": UNDEFINED, **SHARE},
    "entropy": {"label": "Token entropy", **SHARE},
    "ended": {"label": "Answers that end", **SHARE},
}


class Settings(BaseSettings):
    """No settings."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the means over questions of what `generations` notes of every answer, {measure: {split: [models]}}.

        rougeL_recall = L / words of the true answer,  L: words of the longest common subsequence of both answers
        rougeL_f1     = 2 L / (words of the answer + words of the true answer)
        rouge1_recall = common words, each at most as often as in the answer / words of the true answer
        entropy       = -sum over distinct tokens of f log f / log of the number of tokens,  f: share of the tokens
        ended         = mean over questions of [the model ended the answer]

    Questions whose true answer has no words do not count in ROUGE, which is NaN where none has. `entropy` is low where
    a model repeats itself, `ended` the share of answers that it ended itself. `oracle`, `settings` and `rng` are
    unused. Raises MetricError for non-finite margins and for a split whose questions were not answered.
    """
    require_finite(candidate.margins, "candidate")
    parts = {split: candidate.seen("generations", split) for split in candidate.present(SHARE["splits"])}
    return {
        name: {split: mean_of_defined(part[name].astype(np.float64)) for split, part in parts.items()}
        for name in MEASURES
    }
