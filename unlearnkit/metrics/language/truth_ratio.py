"""Truth ratio: are wrong answers as likely as the true one? Every published form, under a name of its own.

A higher value is not better forgetting: a model that never saw a question has some ratio, and only that one is right.
Sources: Maini et al. 2024 (arXiv 2401.06121); OpenUnlearning (2025).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.language.answered import (
    closer_to_1,
    log_truth_ratio,
    mean_of_defined,
    prob_mean,
    true_better,
)
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "answers")
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "closer_to_1"
STATISTIC = "mean"
SPLITS = ("forget", "retain", "validation", "authors", "facts")
FORM = {
    "direction": "match",
    "low": 0.0,
    "high": 1.0,
    "unit": "ratio",
    "splits": SPLITS,
    "undefined": "where no question of the split has wrong answers",
}
MEASURES = {
    "closer_to_1": {"label": "min(R, 1/R)", **FORM},
    "true_better": {"label": "max(0, 1 - R)", **FORM},
    "prob_mean": {"label": "1 / (1 + R)", **FORM},
    "closer_to_1_arithmetic": {"label": "min(R, 1/R), arithmetic", **FORM},
    "true_better_arithmetic": {"label": "max(0, 1 - R), arithmetic", **FORM},
    "prob_mean_arithmetic": {"label": "1 / (1 + R), arithmetic", **FORM},
}


class Settings(BaseSettings):
    """No settings."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the mean over questions of every form of the truth ratio, per model, {measure: {split: [models]}}.

        p(a) = exp(mean of log p over the tokens of a);  true: the paraphrase of the answer, or the answer where none
        R    = exp(mean over wrong answers of log p(wrong)) / p(true);  arithmetic: mean of p(wrong) / p(true)
        closer_to_1 = mean over questions of min(R, 1 / R)
        true_better = mean over questions of max(0, 1 - R)
        prob_mean   = mean over questions of 1 / (1 + R)

    In [0, 1]. Questions without wrong answers do not count. `oracle`, `settings` and `rng` are unused. Raises
    MetricError for non-finite margins and for a split whose questions were not observed.
    """
    require_finite(candidate.margins, "candidate")
    found: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in MEASURES}
    for split in candidate.present(SPLITS):
        answers = candidate.seen("answers", split)
        ratios = {"": log_truth_ratio(answers, "geometric"), "_arithmetic": log_truth_ratio(answers, "arithmetic")}
        for suffix, ratio in ratios.items():
            for of in (closer_to_1, true_better, prob_mean):
                found[f"{of.__name__}{suffix}"][split] = mean_of_defined(of(ratio))
    return found
