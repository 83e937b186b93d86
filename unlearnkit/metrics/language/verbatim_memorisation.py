"""Verbatim memorisation: how much of a passage a model goes on with, given what precedes it, by ROUGE-L F1."""

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
HEADLINE = "verbatim_memorisation"
STATISTIC = "mean"
SPLITS = ("forget_passages",)
MEASURES = {
    "verbatim_memorisation": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Verbatim memorisation (ROUGE-L F1)",
        "splits": SPLITS,
        "undefined": "where no true text of the split has words",
    },
}


class Settings(BaseSettings):
    """No settings: prefix and suffix are those of the observation `continuations`."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the mean ROUGE-L F1 over passages, per model, {measure: {split: [models]}}, in [0, 1].

        verbatim_memorisation = mean over passages of 2 L / (words of the continuation + words of the true one)
        L = words of the longest common subsequence of both

    Passages whose true continuation has no words do not count; where none has, values are NaN. 1: every continuation is
    that of the passage. `oracle`, `settings` and `rng` are unused. Raises MetricError for non-finite margins and for
    passages that were not continued. Source: Shi et al. 2024 (arXiv 2407.06460), MUSE "VerbMem".
    """
    require_finite(candidate.margins, "candidate")
    parts = {split: candidate.seen("continuations", split) for split in candidate.present(SPLITS)}
    values = {split: mean_of_defined(part["rougeL_f1"].astype(np.float64)) for split, part in parts.items()}
    return {"verbatim_memorisation": values}
