"""Membership inference on text: can an attacker distinguish forgotten sequences from unseen ones by likelihood?

The attacks are the mean loss (arXiv 1709.01604), the loss per byte of the compressed text (arXiv 2012.07805), Min-K%
(arXiv 2310.16789) and Min-K%++ (arXiv 2404.02936). The target is the oracles' own value, not chance: forgotten and
validation sequences may differ in difficulty.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.attacks import token_attacks
from unlearnkit.metrics.attacks.token_attacks import area
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "token_scores")
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "auc_min_k"
STATISTIC = "mean"
AREA = {"direction": "match", "low": 0.0, "high": 1.0, "unit": "fraction", "splits": ("forget",)}
MEASURES = {
    "auc_loss": {"label": "AUC of the loss", **AREA},
    "auc_zlib": {
        "label": "AUC of the loss per compressed byte",
        "undefined": "where the data come as tokens, which have no text to compress",
        **AREA,
    },
    "auc_min_k": {"label": "AUC of Min-K%", **AREA},
    "auc_min_k_plus_plus": {"label": "AUC of Min-K%++", **AREA},
}


class Settings(BaseSettings):
    """Settings of the attacks on text."""

    share: float = Field(0.4, gt=0, le=1, description="of the targets of a sequence that Min-K% looks at; MUSE")


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the area under the ROC curve of every attack on every model, {measure: {"forget": [models]}}.

        auc = P(s of a forgotten sequence < s of an unseen one), ties count half, with the score s of a sequence:
        loss             s = mean over targets of -log p, nats
        zlib             s = that mean / bytes of the compressed text, nats per byte
        min_k            s = mean of -log p over the lowest floor(share n) of n targets, one at least, nats
        min_k_plus_plus  s = the same of (log p - m) / sqrt(max(v, 1e-6)), m and v: mean and variance of log p under p

    Of n the end of an answer is left out. 1: forgotten sequences look like members, all of them; 0.5: attacks learn
    nothing; below: forgotten sequences are less likely than unseen ones. `oracle` and `rng` are unused. Raises
    MetricError for non-finite margins and for forgotten or validation sequences that were not observed.
    """
    require_finite(candidate.margins, "candidate")
    attacks = {
        "auc_loss": token_attacks.loss,
        "auc_zlib": token_attacks.compressed_loss,
        "auc_min_k": lambda scores: token_attacks.min_k(scores, settings.share),
        "auc_min_k_plus_plus": lambda scores: token_attacks.min_k_plus_plus(scores, settings.share),
    }
    return {name: {"forget": area(candidate, "token_scores", attack)} for name, attack in attacks.items()}
