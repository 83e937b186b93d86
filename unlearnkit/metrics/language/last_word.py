"""Last word: how often a model ends a passage with the word that ends it, as in LAMBADA."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.language.normalised import normalised
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Observation, Population
from unlearnkit.metrics.tokens import counted, without_end

AXIS = "models"
READS = ("margins", "token_scores", "generations")
NEEDS_ORACLE = False
MIN_MODELS = 1
HEADLINE = "last_word"
STATISTIC = "mean"
MEASURES = {
    "last_word": {
        "direction": "match",
        "low": 0.0,
        "high": 1.0,
        "unit": "fraction",
        "label": "Last words",
        "splits": ("lambada",),
    }
}


class Settings(BaseSettings):
    """No settings."""


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the share of passages whose last word is right, per model, {measure: {"lambada": [models]}}.

        last_word = mean over passages of [all tokens of the word are first choices, or the first word written is it]

    Words are compared in lower case, without punctuation and articles. `oracle`, `settings` and `rng` are unused.
    Raises MetricError for non-finite margins and for passages that were not observed. Sources: Paperno et al. 2016;
    Jang et al. 2023 (arXiv 2210.01504).
    """
    require_finite(candidate.margins, "candidate")
    return {
        "last_word": {
            split: _right(candidate.seen("token_scores", split), candidate.seen("generations", split)).mean(axis=1)
            for split in candidate.present(("lambada",))
        }
    }


def _right(scores: Observation, written: Observation) -> NDArray[np.bool_]:
    lead = scores["lead"]
    tokens = ((lead > 0) | ~counted(without_end(scores), lead.shape[-1])).all(axis=-1)
    return tokens | np.vectorize(_same_word, otypes=[bool])(written["text"], written["answer"])


def _same_word(text: str, word: str) -> bool:
    begun = text.split(maxsplit=1)[:1]
    return bool(begun) and normalised(begun[0]) == normalised(word) != []
