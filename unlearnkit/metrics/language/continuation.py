"""Continuation: how near what a model continues a text with is to how the text goes on, and how varied it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.language.answered import mean_of_defined
from unlearnkit.metrics.language.partly import partly_seen
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "continuations")
NEEDS_ORACLE = False
MIN_MODELS = 1
PARTIAL = True
HEADLINE = "bleu"
STATISTIC = "mean"
UNSEEN = "where the documents of a split are not continued"
WORDLESS = "where the documents of a split are not continued, or no true continuation has words"
SPLITS = ("forget", "retain", "validation", "forget_passages", "wikitext")
SHARE = {
    "direction": "match",
    "low": 0.0,
    "high": 1.0,
    "unit": "fraction",
    "splits": SPLITS,
    "undefined": UNSEEN,
}
MEASURES = {
    "bleu": {"label": "BLEU", **SHARE},
    "rougeL_f1": {**SHARE, "label": "ROUGE-L F1", "undefined": WORDLESS},
    "rougeL_recall": {**SHARE, "label": "ROUGE-L recall", "undefined": WORDLESS},
    "distinct": {"label": "Distinct tokens", **SHARE},
    "entropy": {**SHARE, "high": None, "unit": "bits", "label": "Token entropy"},
}


class Settings(BaseSettings):
    """No settings: prefix and suffix are those of the observation `continuations`."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the means over documents of what `continuations` notes of each, {measure: {split: [models]}}.

        bleu          = min(1, exp(1 - words of the true text / words of the continuation)) * (p_1 p_2 p_3 p_4)^(1/4)
        p_n           = n-grams that the true text has as well, each at most as often as there / n-grams
        rougeL_recall = L / words of the true text,  L: words of the longest common subsequence of both texts
        rougeL_f1     = 2 L / (words of the continuation + words of the true text)
        distinct      = distinct tokens / tokens
        entropy       = -sum over distinct tokens of f log2 f,  f: share of the tokens,  bits

    `bleu` and ROUGE compare with the true text; `distinct` and `entropy` are of the continuation alone, and low where a
    model repeats itself. Documents whose true text has no words do not count in ROUGE, and a split that was not
    continued has NaN. `oracle`, `settings` and `rng` are unused. Raises MetricError for non-finite margins and for a
    split of which some documents were not continued.
    """
    require_finite(candidate.margins, "candidate")
    parts = {split: partly_seen(candidate, "continuations", split) for split in candidate.present(SPLITS)}
    return {
        name: {split: mean_of_defined(part[name].astype(np.float64)) for split, part in parts.items()}
        for name in MEASURES
    }
