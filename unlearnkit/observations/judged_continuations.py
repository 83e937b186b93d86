"""Judged continuations: how a judge scores what models continue documents with, beside how these really go on.

    score           0 to 10: 10 for fluent text that agrees with the true one in nothing it could not know, 0 for the
                    true text itself, and for repetition or no language; NaN if the reply could not be read
    asked_scores    replies that were asked for: one per document
    unread_scores   those of them that are in no form that `judges.grammar` reads; they say nothing
    reply           the reply as it is

Equal questions are asked once. Made of `continuations` alone: weights are not needed. Source: ICU (arXiv 2407.20271),
whose intent this is; the wording and the strict form are ours.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from unlearnkit.config.observations.judges import Judge
from unlearnkit.config.settings import Item, ObservationSettings
from unlearnkit.errors import renamed
from unlearnkit.facts.judging import BLOCK, UNSTATED
from unlearnkit.judges import load_judge
from unlearnkit.observations.judges.asking import Asked, asked_once
from unlearnkit.observations.judges.grammar import score_of
from unlearnkit.training.derived import Means, Shown

READS = ("continuations",)
NEEDS = ("judge",)
VALUES = {
    "text": {"score": "float32", "asked_scores": "int32", "unread_scores": "int32", "reply": "string"},
}
IMMATERIAL = {"judge": UNSTATED}


class Settings(ObservationSettings):
    """Settings of judgements of continuations."""

    items: tuple[Item, ...] | None = Field(
        ("forget",),
        min_length=1,
        description="continuations that are judged, of those in `continuations`: of documents of their own forget set "
        "(originals: all forget sets), the other training samples, and the other splits; null: all",
    )
    judge: Judge = Field({"kind": "heuristic"}, validate_default=True, description="who judges, as for `judged`")

    def size(self, features: int) -> int:
        """Return the bytes of a short reply, and of three numbers."""
        return 16 + 12


def derive(shown: Shown, settings: Settings, means: Means) -> Mapping[str, np.ndarray]:
    """Return the values above, [models, rows].

    Raises what the judge raises; replies that it gave before are kept (`means.replies`).
    """
    part = shown.observed["continuations"]
    suffixes = part.of_samples["suffix"].tolist()
    asked = [
        [Asked(None, suffix, (text,)) for text, suffix in zip(texts, suffixes, strict=True)]
        for texts in part.values["text"].tolist()
    ]
    with renamed(BLOCK.format("judged"), BLOCK.format("judged_continuations")):
        questions = [one for of_model in asked for one in of_model]
        replied = asked_once(questions, load_judge(settings.judge.kind), settings.judge, means)
    replies = [[replied[one] for one in of_model] for of_model in asked]
    found = [[score_of(reply) for reply in of_model] for of_model in replies]
    score = np.array([[np.nan if value is None else value for value in of_model] for of_model in found], np.float32)
    return {
        "score": score,
        "asked_scores": np.ones(score.shape, np.int32),
        "unread_scores": np.isnan(score).astype(np.int32),
        "reply": np.array(replies, np.dtypes.StringDType()),
    }
