"""Judge of continuations: how a judge scores what models continue documents with, beside how these really go on.

Which documents, and by whom, the observation `judged_continuations` states. Tables state who judged; a judge that is no
language model is not comparable with one that is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.language.judgements import count, of_all, share, unread_share
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "judged_continuations")
NEEDS_ORACLE = False
MIN_MODELS = 1
PARTIAL = True
STATES = ("continuations_judged_by",)
HEADLINE = "score"
STATISTIC = "mean"
SPLITS = ("forget", "retain", "validation", "forget_passages", "wikitext")
NONE = "where nothing was judged, or too many of the judge's replies on one of the models could not be read"
OF_SPLITS = {"low": 0.0, "splits": SPLITS, "undefined": NONE}
MEASURES = {
    "score": {**OF_SPLITS, "direction": "match", "high": 10.0, "unit": "points", "label": "Score"},
    "scored": {**OF_SPLITS, "direction": "higher", "high": None, "unit": "documents", "label": "Documents scored"},
    "unread_scores": {
        **OF_SPLITS,
        "direction": "lower",
        "high": 1.0,
        "unit": "fraction",
        "label": "Unread scores",
        "undefined": "where nothing was judged",
    },
}


class Settings(BaseSettings):
    """Settings of judgements of continuations."""

    most_unread: float = Field(
        0.2,
        ge=0,
        le=1,
        description="largest share of a model's replies that could not be read with which there is a mean score",
    )


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return mean scores, 0 to 10, and of how many documents they are, {measure: {split: [models]}}.

        score         = sum of scores / scored,  0 to 10,  scored = documents with a score
        unread_scores = replies in no form that is read / replies asked for

    `score` is to match that of the oracles: high where a model writes fluently and not what the document says, low
    where it gives the text away or stammers. Replies that cannot be read count in nothing else; where one model has too
    many, all models are undefined. What is undefined is NaN. `oracle` and `rng` are unused. Raises MetricError for
    non-finite margins. Source: ICU (arXiv 2407.20271).
    """
    require_finite(candidate.margins, "candidate")
    found: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in MEASURES}
    for split in candidate.present(SPLITS):
        seen = candidate.of_split(split).observed["judged_continuations"]
        points, unread = seen["score"].astype(np.float64), unread_share(seen, "scores")
        found["score"][split] = of_all(share(points, points), unread, settings.most_unread)
        found["scored"][split], found["unread_scores"][split] = count(points), unread
    return found
