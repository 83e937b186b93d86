"""Dialogue F1: how many words of its own turn in a conversation a model has in common with the true one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.language.normalised import unigram_f1
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "generations")
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "dialogue_f1"
STATISTIC = "mean"
MEASURES = {
    "dialogue_f1": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Dialogue F1",
        "splits": ("dialogue",),
    }
}


class Settings(BaseSettings):
    """No settings: the tokens that a model writes are those of the observation `generations`; ICU: 32."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the mean over conversations of the F1 of words, per model, {measure: {"dialogue": [models]}}.

        dialogue_f1 = mean over conversations of 2 P R / (P + R),  0 without a common word
        P = common words / words of the model's turn,  R = common words / words of the true one

    Every conversation counts. `oracle`, `settings` and `rng` are unused. Raises MetricError for non-finite margins and
    for conversations without an answer. Source: Jang et al. 2023 (arXiv 2210.01504), whose code scores the last item of
    every batch alone.
    """
    require_finite(candidate.margins, "candidate")
    return {
        "dialogue_f1": {
            split: np.vectorize(unigram_f1, otypes=[float])(seen["text"], seen["answer"]).mean(axis=1)
            for split in candidate.present(("dialogue",))
            for seen in (candidate.seen("generations", split),)
        }
    }
