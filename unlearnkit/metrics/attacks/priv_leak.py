"""PrivLeak: how much more, or less, an attack learns of the forget set than from models that never saw it.

Negative values say that forgotten sequences still look like members, positive ones that they look less like members
than they should. The published number divides by one minus the area of the retrained model and has no upper limit: with
an area of 0.98 there, a model that forgot too much has up to 4,900. Here it ends at 100, and the areas stand beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.attacks.token_attacks import area, min_k
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population, require_same_samples

AXIS = "models"
READS = ("margins", "token_scores")
NEEDS_ORACLE = True
MIN_MODELS = 1
HEADLINE = "priv_leak"
STATISTIC = "mean"
AREA = {"direction": "match", "low": 0.0, "high": 1.0, "unit": "fraction", "splits": ("forget",)}
MEASURES = {
    "priv_leak": {
        "direction": "match",
        "low": -100.0,
        "high": 100.0,
        "unit": "%",
        "label": "PrivLeak, at most 100",
        "splits": ("forget",),
    },
    "auc": {"label": "AUC of Min-K%", **AREA},
    "auc_oracles": {"label": "AUC of Min-K% on the oracles it is compared with", **AREA},
}
MOST = 100.0


class Settings(BaseSettings):
    """Settings of PrivLeak."""

    share: float = Field(0.4, gt=0, le=1, description="of the targets of a sequence that Min-K% looks at; MUSE")


def score(
    candidate: Population, oracle: Population, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return PrivLeak and both areas of Min-K% of every model, {measure: {"forget": [models]}}.

        priv_leak   = min(100, 100 ((1 - auc) - (1 - auc_oracles)) / (1 - auc_oracles))        %
        auc         = P(s of a forgotten sequence < s of an unseen one), ties count half
        auc_oracles = mean of that over the oracles
        s           = mean of -log p over the lowest floor(share n) of n targets, one at least, nats

    Of n the end of an answer is left out. `rng` is unused. Raises MetricError for non-finite margins, other samples,
    and sequences that were not observed.
    """
    require_finite(candidate.margins, "candidate")
    require_same_samples(candidate, oracle)
    areas, theirs = (area(side, "token_scores", lambda s: min_k(s, settings.share)) for side in (candidate, oracle))
    reference = np.full(len(areas), theirs.mean())
    return {
        "priv_leak": {"forget": priv_leak(areas, reference)},
        "auc": {"forget": areas},
        "auc_oracles": {"forget": reference},
    }


def priv_leak(auc: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 100 ((1 - AUC) - (1 - AUC_ref)) / (1 - AUC_ref), at most 100, [models] in [-100, 100] %; 0 is retraining.

    Areas are in [0, 1], 1 where forgotten sequences look like members. -100: they surely do; where the reference has
    0.5, 100 is the published maximum. Of a reference of 1 any lower area gives 100. Source: Shi et al. 2024 (arXiv
    2407.06460), MUSE, whose value is not limited.
    """
    excess, room = reference - auc, 1 - reference
    ratio = np.divide(excess, room, out=np.where(excess > 0, np.inf, 0.0), where=room > 0)
    return np.minimum(100 * ratio, MOST)
