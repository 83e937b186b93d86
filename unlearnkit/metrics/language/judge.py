"""Judge: how often a model's answers are better than those of the original, by a judge, and how it scores them.

Which answers are judged, by whom and against what the observation `judged` states. Tables state who judged; a judge
that is no language model is not comparable with one that is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.metrics.language.judgements import count, readable, share
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.population import Population

AXIS = "models"
READS = ("margins", "judged")
NEEDS_ORACLE = False
MIN_MODELS = 1
PARTIAL = True
STATES = ("judged_by",)
HEADLINE = "win_rate"
STATISTIC = "mean"
SPLITS = ("forget", "retain", "validation", "authors", "facts")
UNDEFINED = "where nothing was judged so, or too many of the judge's replies could not be read (see `unread`)"
NONE = "where nothing was judged so, or no reply could be read"
COUNT = {"direction": "higher", "low": 0.0, "high": None, "unit": "answers", "splits": SPLITS, "undefined": NONE}
SHARE = {"low": 0.0, "high": 1.0, "unit": "fraction", "splits": SPLITS, "undefined": UNDEFINED}
MEASURES = {
    "win_rate": {"direction": "match", "label": "Better answers", **SHARE},
    "tie_rate": {"direction": "match", "label": "Ties", **SHARE},
    "compared": {"label": "Answers compared", **COUNT},
    "score": {**SHARE, "direction": "match", "high": 10.0, "unit": "points", "label": "Score"},
    "scored": {"label": "Answers scored", **COUNT},
    "unread": {"direction": "lower", "label": "Unread replies", **SHARE},
}


class Settings(BaseSettings):
    """Settings of judgements."""

    most_unread: float = Field(
        0.2, ge=0, le=1, description="largest share of replies that could not be read with which a model has values"
    )


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return shares of answers, mean scores, and how many answers they are of, {measure: {split: [models]}}.

    `win_rate` and `tie_rate` are shares of the answers with a verdict, whose number is `compared`; `score` is the mean
    of those with one, whose number is `scored`. `unread` is the share of replies in no form that is read: they count in
    nothing else. What is undefined is NaN. `oracle` and `rng` are unused. Raises MetricError for non-finite margins.
    """
    require_finite(candidate.margins, "candidate")
    found: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in MEASURES}
    for split in candidate.present(SPLITS):
        seen = candidate.of_split(split).observed["judged"]
        verdict, points = seen["verdict"].astype(np.float64), seen["score"].astype(np.float64)
        unread, enough = readable(seen, settings.most_unread)
        found["win_rate"][split] = np.where(enough, share(verdict, verdict == 1), np.nan)
        found["tie_rate"][split] = np.where(enough, share(verdict, verdict == 0), np.nan)
        found["score"][split] = np.where(enough, share(points, points), np.nan)
        found["compared"][split], found["scored"][split] = count(verdict), count(points)
        found["unread"][split] = unread
    return found
