"""BERTScore: how alike what a model continues a text with and the true text are, by an encoder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.language.answered import mean_of_defined
from unlearnkit.metrics.language.partly import partly_seen
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "bert_scores")
NEEDS_ORACLE = False
MIN_MODELS = 1
PARTIAL = True
HEADLINE = "f1"
STATISTIC = "mean"
SPLITS = ("forget", "retain", "validation", "forget_passages", "wikitext")
COSINE = {
    "direction": "match",
    "low": -1.0,
    "high": 1.0,
    "unit": "cosine",
    "splits": SPLITS,
    "undefined": "where the documents of a split are not continued",
}
MEASURES = {
    "f1": {"label": "BERTScore F1", **COSINE},
    "precision": {"label": "BERTScore precision", **COSINE},
    "recall": {"label": "BERTScore recall", **COSINE},
}


class Settings(BaseSettings):
    """No settings: encoder and layer are those of the observation `bert_scores`."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the means over documents, per model, {measure: {split: [models]}}.

        precision = mean over tokens of the continuation of the largest cosine to a token of the true text
        recall    = mean over tokens of the true text of the largest cosine to a token of the continuation
        f1        = 2 precision recall / (precision + recall) of a document

    Unrelated texts are far above 0, so read values beside those of validation. A split that was not continued has NaN.
    `oracle`, `settings` and `rng` are unused. Raises MetricError for non-finite margins and for a split of which some
    documents were not continued. Source: Zhang et al. 2020 (arXiv 1904.09675), neither weighted nor rescaled.
    """
    require_finite(candidate.margins, "candidate")
    parts = {split: partly_seen(candidate, "bert_scores", split) for split in candidate.present(SPLITS)}
    return {
        name: {split: mean_of_defined(part[name].astype(np.float64)) for split, part in parts.items()}
        for name in MEASURES
    }
