"""Extraction strength: the share of a text that a model reproduces to its end, given what comes before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population
from unlearnkit.metrics.tokens import counted, without_end

AXIS = "models"
READS = ("margins", "token_scores")
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "extraction_strength"
STATISTIC = "mean"
SPLITS = ("forget", "retain", "validation", "authors", "facts")
MEASURES = {
    "extraction_strength": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Extraction strength",
        "splits": SPLITS,
    },
}


class Settings(BaseSettings):
    """No settings."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the extraction strength of every model, {measure: {split: [models]}}.

        extraction_strength = mean over sequences of 1 - k / n
        n = targets of a sequence,  k = those up to the last one that is not the first choice, 0 where all are

    The token that ends an answer does not count. `oracle`, `settings` and `rng` are unused. Raises MetricError for
    non-finite margins and for a split whose sequences were not observed.
    """
    require_finite(candidate.margins, "candidate")
    found = {}
    for name in candidate.present(SPLITS):
        scores = candidate.seen("token_scores", name)
        found[name] = extraction_strength(scores["lead"] > 0, without_end(scores)).mean(axis=1)
    return {"extraction_strength": found}


def extraction_strength(right: NDArray[np.bool_], counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return 1 - k / n of every sequence: the share of its targets behind the last one that is not the first choice.

    `right` [..., width] states which targets are the model's first choice, given all tokens before them; the first n =
    `counts` [...] count. k is the number of targets up to and including the last wrong one, so a sequence whose last
    target is wrong has 0 and one without a wrong target 1; [...] in [0, 1], NaN where nothing counts. Source: Carlini
    et al. 2021 (arXiv 2012.07805) as OpenUnlearning (2025) defines it, whose code returns 1 / n in place of 0.
    """
    wrong = ~right & counted(counts, right.shape[-1])
    behind = np.max(wrong * np.arange(1, right.shape[-1] + 1), axis=-1)
    return 1 - behind / np.where(counts > 0, counts, np.nan)
