"""Judge: how often a model's answers are better than those of the original, by a judge, and how it scores them.

Which answers are judged, by whom and against what the observation `judged` states. Tables state who judged; a judge
that is no language model is not comparable with one that is.
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
READS = ("margins", "judged")
NEEDS_ORACLE = False
MIN_MODELS = 1
PARTIAL = True
STATES = ("judged_by",)
HEADLINE = "win_rate"
STATISTIC = "mean"
SPLITS = ("forget", "retain", "validation", "authors", "facts")
UNDEFINED = "where nothing was judged so, or too many of the judge's replies on one of the models could not be read"
NONE = "where nothing was judged so, or no reply could be read"
UNASKED = "where no such reply was asked for"
COUNT = {"direction": "higher", "low": 0.0, "high": None, "unit": "answers", "splits": SPLITS, "undefined": NONE}
SHARE = {"low": 0.0, "high": 1.0, "unit": "fraction", "splits": SPLITS, "undefined": UNDEFINED}
MEASURES = {
    "win_rate": {"direction": "match", "label": "Better answers", **SHARE},
    "tie_rate": {"direction": "match", "label": "Ties", **SHARE},
    "compared": {"label": "Answers compared", **COUNT},
    "score": {**SHARE, "direction": "match", "high": 10.0, "unit": "points", "label": "Score"},
    "scored": {"label": "Answers scored", **COUNT},
    "unread_verdicts": {**SHARE, "direction": "lower", "label": "Unread verdicts", "undefined": UNASKED},
    "unread_scores": {**SHARE, "direction": "lower", "label": "Unread scores", "undefined": UNASKED},
}


class Settings(BaseSettings):
    """Settings of judgements."""

    most_unread: float = Field(
        0.2,
        ge=0,
        le=1,
        description="largest share of a model's replies that could not be read with which there are "
        "values: of verdicts for shares, of scores for their mean",
    )


def score(
    candidate: Population, oracle: Population | None, *, settings: Settings, rng: np.random.Generator
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return shares of answers, mean scores, and how many answers they are of, {measure: {split: [models]}}.

        win_rate = better answers / compared,  tie_rate = ties / compared,  compared = answers with a verdict
        score    = sum of scores / scored,  0 to 10,  scored = answers with a score
        unread_verdicts, unread_scores = replies in no form that is read / replies asked for

    Replies that cannot be read count in nothing else. Where one model has too many, all models are undefined. What is
    undefined is NaN. `oracle` and `rng` are unused. Raises MetricError for non-finite margins.
    """
    require_finite(candidate.margins, "candidate")
    found: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in MEASURES}
    for split in candidate.present(SPLITS):
        seen = candidate.of_split(split).observed["judged"]
        verdict, points = seen["verdict"].astype(np.float64), seen["score"].astype(np.float64)
        verdicts, scores = unread_share(seen, "verdicts"), unread_share(seen, "scores")
        found["win_rate"][split] = of_all(share(verdict, verdict == 1), verdicts, settings.most_unread)
        found["tie_rate"][split] = of_all(share(verdict, verdict == 0), verdicts, settings.most_unread)
        found["score"][split] = of_all(share(points, points), scores, settings.most_unread)
        found["compared"][split], found["scored"][split] = count(verdict), count(points)
        found["unread_verdicts"][split], found["unread_scores"][split] = verdicts, scores
    return found
