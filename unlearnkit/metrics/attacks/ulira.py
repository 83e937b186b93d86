"""U-LiRA: can an attacker with unlearned models only distinguish a forgotten sample from one never seen?

For a sample x, A are the margins of the models that were trained on x and forgot it, B those of the models that were
never trained on x; both went through the unlearner. A value v is called forgotten if

    log N(v; mean A, sd A) - log N(v; mean B, sd B) > 0

with the attacked model left out of the fit of its own side. Perfect unlearning leaves the attacker at chance, 0.5.
Source: Hayes et al. 2024 (arXiv 2403.01218); margins are their logit-scaled confidences.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.errors import MetricError
from unlearnkit.metrics.attacks.likelihood_ratios import Side, attack, bernoulli_ratios, gaussian_ratios
from unlearnkit.metrics.attacks.verdicts import Cases, accuracy, auc, grouped, of_a_pool, require_some, tpr
from unlearnkit.metrics.population import Population

AXIS = "samples"
READS = ("margins",)
SCORED_ON = "pools"
NEEDS_ORACLE = True
HEADLINE = "accuracy"
STATISTIC = "mean"
MIN_MODELS = 4
MEASURES = {
    "accuracy": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "U-LiRA accuracy",
        "splits": ("forget",),
    },
    "auc": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "U-LiRA AUC",
        "splits": ("forget",),
    },
    "tpr_at_1": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "U-LiRA TPR at 1% FPR",
        "splits": ("forget",),
    },
    "tpr_at_01": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "U-LiRA TPR at 0.1% FPR",
        "splits": ("forget",),
    },
}
NEEDED = (
    "a sample of which, without those of the attacked original, two models are left that forget it and two that never "
    "saw it"
)


class Settings(BaseSettings):
    """What is attacked, and how."""

    feature: Literal["confidence", "correctness"] = Field(
        "confidence",
        description="confidence: Gaussians on margins; correctness: only whether the prediction is the label, with "
        "smoothed Bernoulli likelihoods",
    )
    leave_out: Literal["original", "value"] = Field(
        "original",
        description="what a fit leaves out of the attacked model's side: original: all models that were unlearned from "
        "the same original; value: that model alone, as published",
    )
    reference: Literal["unlearned", "retrained"] = Field(
        "unlearned",
        description="models without the sample: unlearned: unlearned models that were never trained on it; retrained: "
        "retrained models of parts without it, arXiv 2410.23232",
    )
    compat: Literal["deep_unlearn"] | None = Field(
        None,
        description="deep_unlearn: the published arithmetic of arXiv 2410.01276, whatever the other settings: one "
        "Gaussian per side on correctness, nothing left out, forgotten cases only",
    )


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return accuracy, AUC and true-positive rates of the attack for every sample that a model of the pool forgets.

    {measure: {"forget": [samples]}}: shares in [0, 1]; the target is the value of the retrained models. Chance, which
    that value approaches with many models, is 0.5 for accuracy and AUC and the false-positive rate for `tpr_at_1` (1 %)
    and `tpr_at_01` (0.1 %); thresholds are those of the scores of all samples.
    NaN for a sample that too few models forget or never saw. `rng` is unused. Raises MetricError if that are all, and
    for margins that are not finite or all equal.
    """
    candidate, groups = grouped(candidate)
    scored, forgotten, never = of_a_pool(candidate, "ulira")
    if settings.compat == "deep_unlearn":
        return _as_published(scored, forgotten, never)
    groups = groups if settings.leave_out == "original" else np.arange(scored.models)
    seen = Side(_feature(scored, settings), forgotten, groups)
    unseen = _retrained(oracle, settings) if settings.reference == "retrained" else Side(seen.values, never, groups)
    ratios = gaussian_ratios if settings.feature == "confidence" else bernoulli_ratios
    return _results(*attack(seen, unseen, ratios), (seen, unseen))


def _results(
    seen: Cases, unseen: Cases, defined: NDArray[np.bool_], sides: tuple[Side, Side]
) -> dict[str, dict[str, NDArray[np.float64]]]:
    require_some(defined, sides[0].chosen, sides[1].chosen, needed=NEEDED)
    count = len(defined)
    values = {
        "accuracy": accuracy(seen, unseen, count),
        "auc": auc(seen, unseen, count),
        "tpr_at_1": tpr(seen, unseen, count, 0.01),
        "tpr_at_01": tpr(seen, unseen, count, 0.001),
    }
    return {measure: {"forget": of_samples} for measure, of_samples in values.items()}


def _feature(population: Population, settings: Settings) -> NDArray:
    return population.margins if settings.feature == "confidence" else population.correct


def _retrained(oracle: Population | None, settings: Settings) -> Side:
    """The values of retrained models on samples that neither they nor the models they stand for were trained on.

    Those retrained without the sample would be the candidate itself in the row of the retrained models.
    """
    if oracle is None:
        raise MetricError("ulira got no retrained models", expected="some, since reference is 'retrained'")
    oracle, groups = grouped(oracle)
    scored, _, never = of_a_pool(oracle, "ulira")
    groups = groups if settings.leave_out == "original" else np.arange(scored.models)
    return Side(_feature(scored, settings), never, groups)


def _as_published(
    scored: Population, forgotten: NDArray[np.bool_], never: NDArray[np.bool_]
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the published values: the mean pseudo-probability of "forgotten" over the forgotten cases of a sample.

    p = N(v; A) / (N(v; A) + N(v; B)), v 0 or 1, divisor n of the variances: NaN where all models of a side agree.
    """
    correct = scored.correct.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        fits = [_plain_fit(correct, chosen) for chosen in (forgotten, never)]
        densities = [np.exp(-0.5 * ((correct - mean) / sd) ** 2) / sd for mean, sd in fits]
        chance = densities[0] / (densities[0] + densities[1])
        mean = np.where(forgotten, chance, 0.0).sum(axis=0) / forgotten.sum(axis=0)
    nothing = np.full(scored.samples, np.nan)
    return {measure: {"forget": mean if measure == "accuracy" else nothing} for measure in MEASURES}


def _plain_fit(values: NDArray[np.float64], chosen: NDArray[np.bool_]) -> tuple[NDArray, NDArray]:
    count = chosen.sum(axis=0)
    mean = np.where(chosen, values, 0.0).sum(axis=0) / count
    return mean, np.sqrt(np.where(chosen, (values - mean) ** 2, 0.0).sum(axis=0) / count)
