"""Continuation: how near what a model continues a text with is to how the text goes on, and how varied it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.language.answered import mean_of_defined
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "continuations")
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "bleu"
STATISTIC = "mean"
UNDEFINED = "where no true continuation of a split has words"
SPLITS = ("forget", "retain", "validation")
SHARE = {"direction": "match", "low": 0.0, "high": 1.0, "unit": "fraction", "splits": SPLITS}
MEASURES = {
    "bleu": {"label": "BLEU", **SHARE},
    "rougeL_f1": {"label": "ROUGE-L F1", "undefined": UNDEFINED, **SHARE},
    "rougeL_recall": {"label": "ROUGE-L recall", "undefined": UNDEFINED, **SHARE},
    "distinct": {"label": "Distinct tokens", **SHARE},
    "entropy": {**SHARE, "high": None, "unit": "bits", "label": "Token entropy"},
}


class Settings(BaseSettings):
    """No settings: prefix and suffix are those of the observation `continuations`."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the means over documents of what `continuations` notes of each, {measure: {split: [models]}}.

    `bleu` and ROUGE compare with the true text; `distinct` and `entropy` are of the continuation alone, and low where a
    model repeats itself. Documents whose true text has no words do not count in ROUGE. `oracle`, `settings` and `rng`
    are unused. Raises MetricError for non-finite margins and for a split whose documents were not continued.
    """
    require_finite(candidate.margins, "candidate")
    parts = {split: candidate.seen("continuations", split) for split in candidate.present(SPLITS)}
    return {
        name: {split: mean_of_defined(part[name].astype(np.float64)) for split, part in parts.items()}
        for name in MEASURES
    }
