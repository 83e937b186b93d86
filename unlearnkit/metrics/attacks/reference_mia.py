"""Membership inference by a reference: is a forgotten sequence more likely than it is to models that never saw it?

The reference is the mean loss of the oracles, which learned all but the forget set. So what makes a sequence easy for
every model cancels. Sources: Carlini et al. 2021 (arXiv 2012.07805); OpenUnlearning (2025), whose reference is one
retrained model.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.attacks.mia import attack_auc
from unlearnkit.metrics.attacks.token_attacks import loss
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population, require_same_samples

AXIS = "models"
READS = ("margins", "token_scores")
NEEDS_ORACLE = True
MIN_MODELS = 1
HEADLINE = "auc_reference"
STATISTIC = "mean"
MEASURES = {
    "auc_reference": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "AUC of the loss beyond the oracle's",
        "splits": ("forget",),
    },
}


class Settings(BaseSettings):
    """No settings."""


def score(
    candidate: Population, oracle: Population, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the area of the attack on every model, {"auc_reference": {"forget": [models]}}, each in [0, 1].

        auc_reference = P(s of a forgotten sequence < s of an unseen one), ties count half
        s             = mean over targets of -log p under the model, minus its mean over the oracles, nats

    `settings` and `rng` are unused. Raises MetricError for non-finite margins, other samples, and sequences that were
    not observed.
    """
    require_finite(candidate.margins, "candidate")
    require_same_samples(candidate, oracle)
    members, others = (
        loss(candidate.seen("token_scores", split)) - loss(oracle.seen("token_scores", split)).mean(axis=0)
        for split in ("forget", "validation")
    )
    return {"auc_reference": {"forget": attack_auc(members, others)}}
