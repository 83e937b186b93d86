"""Membership inference by gradients: would training on a forgotten sequence move a model less than on an unseen one?

The target is the oracles' own value, not chance, as of all attacks on text.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.attacks.token_attacks import area
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "gradient_norms")
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "auc_gradnorm"
STATISTIC = "mean"
MEASURES = {
    "auc_gradnorm": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "AUC of the gradient norm",
        "splits": ("forget",),
    },
}


class Settings(BaseSettings):
    """No settings."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the area under the ROC curve of the attack on every model, {"auc_gradnorm": {"forget": [models]}}.

        auc_gradnorm = P(s of a forgotten sequence < s of an unseen one), ties count half
        s            = mean over trained tensors w of |d loss / d w|_p,  loss = mean over targets of -log p, nats

    1: every forgotten sequence has a shorter gradient than every unseen one; 0.5: the attack learns nothing; below:
    gradients of forgotten ones are longer. `oracle`, `settings` and `rng` are unused. Raises MetricError for non-finite
    margins and for forgotten or validation sequences that were not observed. Sources: Wang et al. 2024 (arXiv
    2402.17012); OpenUnlearning (2025).
    """
    require_finite(candidate.margins, "candidate")
    return {"auc_gradnorm": {"forget": area(candidate, "gradient_norms", lambda seen: seen["norm"])}}
