"""Knowledge memorisation: how near a model's answers are to the true ones, by ROUGE-L F1.

Of questions about what is to be forgotten it is the knowledge that should go, of those about the rest the utility that
should stay.
"""

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
HEADLINE = "knowledge_memorisation"
STATISTIC = "mean"
SPLITS = ("forget_questions", "retain_questions")
MEASURES = {
    "knowledge_memorisation": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Knowledge memorisation (ROUGE-L F1)",
        "splits": SPLITS,
        "undefined": "where no true text of the split has words",
    },
}


class Settings(BaseSettings):
    """No settings: how models answer is set by the observation `generations`."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the mean ROUGE-L F1 over questions, per model, {measure: {split: [models]}}, in [0, 1].

        knowledge_memorisation = mean over questions of 2 L / (words of the answer + words of the true one)
        L = words of the longest common subsequence of both

    Questions whose true answer has no words do not count; where none has, values are NaN. 1: every answer is the true
    one. `oracle`, `settings` and `rng` are unused. Raises MetricError for non-finite margins and for questions that
    were not answered. Source: Shi et al. 2024 (arXiv 2407.06460), MUSE "KnowMem", utility on the retained ones.
    """
    require_finite(candidate.margins, "candidate")
    parts = {split: candidate.seen("generations", split) for split in candidate.present(SPLITS)}
    values = {split: mean_of_defined(part["rougeL_f1"].astype(np.float64)) for split, part in parts.items()}
    return {"knowledge_memorisation": values}
