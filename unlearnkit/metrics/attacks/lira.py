"""Offline LiRA: how far is a sample's margin above those of models that never saw the sample?

For a sample x, B are the margins of the unlearned models of a pool that were never trained on x. A model that was
trained on x and forgot it is accused the more, the higher

    (v - mean B) / sd B,        v its own margin, in standard deviations

is than the same number of models that never saw x, each left out of the fit. Only one Gaussian is fitted, so it needs
no second model that forgets x, and it finds only traces that raise margins: an attacker who looks for too low ones is
right where the AUC is below 0.5. Source: Carlini et al. 2022 (arXiv 2112.03570), on unlearned models.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.attacks.gaussians import Moments, least_variance
from unlearnkit.metrics.attacks.verdicts import Cases, auc, chunks, grouped, of_a_pool, require_some, tpr
from unlearnkit.metrics.population import Population

AXIS = "samples"
READS = ("margins",)
SCORED_ON = "pools"
NEEDS_ORACLE = False
HEADLINE = "auc"
STATISTIC = "mean"
MIN_MODELS = 4
MEASURES = {
    "auc": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "LiRA AUC",
        "splits": ("forget",),
    },
    "tpr_at_1": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "LiRA TPR at 1% FPR",
        "splits": ("forget",),
    },
    "tpr_at_01": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "LiRA TPR at 0.1% FPR",
        "splits": ("forget",),
    },
}
NEEDED = (
    "a sample that some model forgets and of which two models are left that never saw it, without those of an original"
)


class Settings(BaseSettings):
    """No settings."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return AUC and true-positive rates of the attack for every sample that a model of the pool forgets.

    {measure: {"forget": [samples]}}: shares in [0, 1], to be compared with the retrained models' own; without any trace
    AUC is 0.5 and the rates are the false-positive rates, 1 % and 0.1 %. NaN for a sample that too few models never
    saw. `oracle`, `settings` and `rng` are unused. Raises MetricError if that are all samples, and for margins that are
    not finite or all equal.
    """
    candidate, groups = grouped(candidate)
    scored, forgotten, never = of_a_pool(candidate, "lira")
    accused, cleared, defined = [], [], []
    for samples in chunks(scored.models, scored.samples):
        values, here, unseen = scored.margins[:, samples].astype(np.float64), forgotten[:, samples], never[:, samples]
        values -= values.mean(axis=0)
        fit, floor = Moments.of(values, unseen, groups), least_variance((values, here | unseen))
        defined.append(fit.defined & here.any(axis=0))
        for collected, chosen in ((accused, here), (cleared, unseen)):
            models, columns = np.nonzero(chosen & fit.defined)
            # who forgets a sample is no part of the fit, so leaving its original out changes nothing
            distance = fit.standardised(values[models, columns], groups[models], columns, floor)
            collected.append(Cases.of(distance, columns + samples.start))
    require_some(np.concatenate(defined), forgotten, never, needed=NEEDED)
    seen, unseen, count = Cases.joined(accused), Cases.joined(cleared), scored.samples
    return {
        "auc": {"forget": auc(seen, unseen, count)},
        "tpr_at_1": {"forget": tpr(seen, unseen, count, 0.01)},
        "tpr_at_01": {"forget": tpr(seen, unseen, count, 0.001)},
    }
