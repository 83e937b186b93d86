"""Forget quality: do the truth ratios of a model on the forget set have the distribution of a retrained model's?

Model k is compared with oracle k + 1, the last one with oracle 0, and every pair has a value, so a table shows its
distribution. Oracle k shares draws with original k, so it is nearer to what is made of that than any other retrained
model is, and nearer than the oracles of the floor, which share draws with none.

Both of a pair answer the same questions, so the two samples are not independent, as the test assumes: p of two
retrained models is not uniform on 0 to 1, but mostly near 1. So p is no error rate; compare it with the row `oracle` of
the same table, the floor.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.stats import ks_2samp

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.errors import MetricError
from unlearnkit.metrics.language.answered import log_truth_ratio
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population, require_same_samples

AXIS = "models"
READS = ("margins", "answers")
NEEDS_ORACLE = True
MIN_MODELS = 1
HEADLINE = "log10_p"
STATISTIC = "mean"
MEASURES = {
    "ks_statistic": {
        "direction": "lower",
        "low": 0.0,
        "high": 1.0,
        "unit": "1",
        "label": "KS statistic of the truth ratio",
        "splits": ("forget",),
    },
    "p": {
        "direction": "higher",
        "low": 0.0,
        "high": 1.0,
        "unit": "probability",
        "label": "Forget quality (p)",
        "splits": ("forget",),
    },
    "log10_p": {
        "direction": "higher",
        "low": -324.0,
        "high": 0.0,
        "unit": "decades",
        "label": "Forget quality (log10 p)",
        "splits": ("forget",),
    },
    "questions": {
        "direction": "match",
        "low": 1.0,
        "high": None,
        "unit": "questions",
        "label": "Questions compared",
        "splits": ("forget",),
    },
}
SMALLEST = 5e-324  # the smallest double above 0


class Settings(BaseSettings):
    """Settings of forget quality."""

    form: Literal["geometric", "arithmetic"] = Field(
        "geometric", description="mean over wrong answers: of log p (OpenUnlearning), or of p (TOFU's paper)"
    )


def score(
    candidate: Population, oracle: Population, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the two-sample Kolmogorov-Smirnov test of every pair of model and oracle, {measure: {"forget": [models]}}.

        ks_statistic = max over r of |share of R <= r under the model - share of R <= r under the oracle|
        p            = P(a statistic of at least this one | one distribution),  log10_p = log10(max(p, 5e-324))
        R            = mean probability of the wrong answers (by form) / p(true answer), one per forgotten question

    Only questions with wrong answers count; monotone maps of R change nothing. `rng` is unused. Raises MetricError for
    non-finite margins, other samples, another number of oracles than of models, and forget sets without wrong answers.
    Source: Maini et al. 2024 (arXiv 2401.06121).
    """
    require_finite(candidate.margins, "candidate")
    require_same_samples(candidate, oracle)
    if candidate.models != oracle.models:
        raise MetricError(
            f"forget quality pairs every model with an oracle, but there are {candidate.models} and {oracle.models}",
            expected="as many oracles as models",
        )
    ratios, theirs = (log_truth_ratio(side.seen("answers", "forget"), settings.form) for side in (candidate, oracle))
    theirs = np.roll(theirs, -1, axis=0)
    there = ~np.isnan(ratios).all(axis=0)
    if not there.any():
        raise MetricError(
            "forget quality compares truth ratios, but no forgotten question has wrong answers",
            expected="perturbed answers of the questions that are forgotten",
            remedy="remove metrics.forget_quality, or add wrong answers to the data",
        )
    tests: list[Any] = [ks_2samp(mine, other) for mine, other in zip(ratios[:, there], theirs[:, there], strict=True)]
    p = np.array([test.pvalue for test in tests])
    values = {
        "ks_statistic": np.array([test.statistic for test in tests]),
        "p": p,
        "log10_p": np.log10(np.maximum(p, SMALLEST)),
        "questions": np.full(len(p), float(there.sum())),
    }
    return {name: {"forget": of_models} for name, of_models in values.items()}
