"""RMIA: is a sample more likely under a model, relative to other models, than samples that no model was trained on?

    score(x; model) = share of w with (p(x) / P(x)) / (p(w) / P(w)) >= gamma

p is the probability of the label under the attacked model, P its mean over reference models that were not trained on
the sample, and w are the validation samples. The attacked model's original is left out of P. A few reference models
are enough. Source: Zarifzadeh et al. 2024 (arXiv 2312.03262), offline and without scaling, on unlearned models.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.attacks.gaussians import without_groups
from unlearnkit.metrics.attacks.verdicts import Cases, auc, chunks, grouped, of_a_pool, require_some, tpr
from unlearnkit.metrics.margins import loss_from_margins
from unlearnkit.metrics.population import Population

AXIS = "samples"
READS = ("margins",)
SCORED_ON = "pools"
NEEDS_ORACLE = False
HEADLINE = "auc"
STATISTIC = "mean"
MIN_MODELS = 3
MEASURES = {
    "auc": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "RMIA AUC",
        "splits": ("forget",),
    },
    "tpr_at_1": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "RMIA TPR at 1% FPR",
        "splits": ("forget",),
    },
    "tpr_at_01": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "RMIA TPR at 0.1% FPR",
        "splits": ("forget",),
    },
}
NEEDED = "a sample that some model forgets and that models of two originals never saw"


class Settings(BaseSettings):
    """What counts as more likely, and how many models are compared with."""

    gamma: float = Field(2.0, gt=0, description="least ratio at which a validation sample counts; arXiv 2312.03262")
    references: int | None = Field(
        None, ge=2, description="originals whose unlearned models are references, the first so many; null: all"
    )


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return AUC and true-positive rates of the attack for every sample that a model of the pool forgets.

    {measure: {"forget": [samples]}}: shares in [0, 1], to be compared with the retrained models' own; without any trace
    AUC is 0.5. NaN for a sample without a reference. `oracle` and `rng` are unused. Raises MetricError if no sample has
    one, without validation samples, and for margins that are not finite or all equal.
    """
    candidate, groups = grouped(candidate)
    scored, forgotten, never = of_a_pool(candidate, "rmia")
    reference = groups < (settings.references or len(groups))
    population, _ = relative(candidate.of_split("validation").margins, reference[:, None], groups)
    population.sort(axis=1)
    shares, defined = np.empty(scored.margins.shape, np.float32), []
    for samples in chunks(scored.models, scored.samples):
        ratios, enough = relative(scored.margins[:, samples], never[:, samples] & reference[:, None], groups)
        defined.append(enough)
        ratios -= np.log(settings.gamma)
        for model, (others, of_model) in enumerate(zip(population, ratios, strict=True)):
            shares[model, samples] = np.searchsorted(others, of_model, side="right") / len(others)
    can = np.concatenate(defined)
    require_some(can, forgotten, never, needed=NEEDED)
    sides = []
    for chosen in (forgotten, never):
        models, columns = np.nonzero(chosen & can)
        sides.append(Cases.of(shares[models, columns], columns))
    seen, unseen = sides
    return {
        "auc": {"forget": auc(seen, unseen, scored.samples)},
        "tpr_at_1": {"forget": tpr(seen, unseen, scored.samples, 0.01)},
        "tpr_at_01": {"forget": tpr(seen, unseen, scored.samples, 0.001)},
    }


def relative(
    margins: NDArray[np.floating], references: NDArray[np.bool_], groups: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return log(p / P) of every model and sample, nats, and of which samples every group leaves a reference.

    `margins` [models, samples]; `references` [models, samples or 1] says which models P is the mean over, those of the
    model's own group left out.
    """
    losses = np.asarray(loss_from_margins(margins.astype(np.float64)), np.float64)
    chosen = np.broadcast_to(references, losses.shape)
    total = without_groups(np.where(chosen, np.exp(-losses), 0.0), groups)
    count = without_groups(chosen.astype(np.float64), groups)
    with np.errstate(invalid="ignore", divide="ignore"):  # where there is no reference
        level = np.log(np.maximum(total, np.finfo(np.float64).tiny) / count)
    return -losses - level[groups], count.min(axis=0) >= 1
