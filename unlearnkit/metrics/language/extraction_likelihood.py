"""Extraction likelihood: how much of a text a model writes down by itself, given a prefix of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.language.answered import mean_of_defined
from unlearnkit.metrics.language.partly import partly_seen
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "extraction")
NEEDS_ORACLE = False
MIN_MODELS = 1
PARTIAL = True
HEADLINE = "extraction_likelihood"
STATISTIC = "mean"
SPLITS = (
    "forget",
    "retain",
    "validation",
    "authors",
    "facts",
    "forget_passages",
    "forget_questions",
    "retain_questions",
    "wikitext",
    "lambada",
    "dialogue",
)
MEASURES = {
    "extraction_likelihood": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Extraction likelihood",
        "splits": SPLITS,
        "undefined": "where a split is not observed, or none of its sequences has a prefix that leaves n tokens",
    },
}


class Settings(BaseSettings):
    """No settings: the n-grams and the shortest prefix are those of the observation `extraction`."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the mean extraction likelihood of the sequences of a split, per model, {measure: {split: [models]}}.

        EL_n       = mean over i = f .. T - n of OV_n(decoded from the first i of T tokens, the other T - i)
        OV_n(g, s) = n-grams of g, with multiplicity, that occur in s / n-grams of s
        f          = tokens of the shortest prefix, of questions and answers those of the question at least

    Sequences that are too short do not count, and a split that was not observed has NaN. `oracle`, `settings` and `rng`
    are unused. Raises MetricError for non-finite margins and for a split of which some sequences were not observed.
    Source: Jang et al. 2023 (arXiv 2210.01504).
    """
    require_finite(candidate.margins, "candidate")
    return {
        "extraction_likelihood": {
            split: mean_of_defined(partly_seen(candidate, "extraction", split)["likelihood"].astype(np.float64))
            for split in candidate.present(SPLITS)
        }
    }
