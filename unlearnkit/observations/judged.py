"""Judged: what a judge says of the answers of models: better or worse than another answer, and a score of their own.

    verdict  1 if the answer is better than the one it is compared with, 0 for a tie, -1 if it is worse; NaN if it was
             not compared, or a reply could not be read. Both orders are asked; where they disagree it is a tie. Equal
             answers are a tie, without asking
    score    0 to 10, of the answer alone; NaN if it was not asked for, or the reply could not be read
    asked_verdicts, asked_scores    replies that were asked for
    unread_verdicts, unread_scores  those of them that are in no form that `judges.grammar` reads; they say nothing
    replies  the replies as they are, a JSON list: the other answer first, then the other answer last, then the score
    group    what the pair is about, the same for all models

Equal questions are asked once. Made of `generations` alone: weights are not needed. Source of the protocol: LLM
Unlearning Framework (both orders and the strict form are ours), ICU (arXiv 2407.20271).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from unlearnkit.config.observations.judges import Judge
from unlearnkit.config.settings import Item, ObservationSettings
from unlearnkit.data.text.pair_set import Pair
from unlearnkit.facts.judging import UNSTATED
from unlearnkit.judges import load_judge
from unlearnkit.observations.judges.asking import Asked, asked_once
from unlearnkit.observations.judges.grammar import score_of, verdict_of
from unlearnkit.training.derived import Means, Shown

READS = ("generations",)
NEEDS = ("originals", "pairs", "judge")
ONLY_PAIRS = True
VALUES = {
    "text": {
        "verdict": "float32",
        "score": "float32",
        "asked_verdicts": "int32",
        "unread_verdicts": "int32",
        "asked_scores": "int32",
        "unread_scores": "int32",
        "replies": "string",
        "group": "string",
    },
}
IMMATERIAL = {"judge": UNSTATED}


class Settings(ObservationSettings):
    """Settings of judgements."""

    items: tuple[Item, ...] | None = Field(
        ("forget",),
        min_length=1,
        description="answers that are judged, of those in `generations`: of their own forget set (originals: all "
        "forget sets), the other training samples, and the other splits; null: all",
    )
    judge: Judge = Field({"kind": "heuristic"}, validate_default=True, description="who judges")
    baseline: Literal["original", "answer"] | None = Field(
        "original",
        description="what an answer is compared with: that of the original of the same index, or the true answer; "
        "null: nothing",
    )
    score: bool = Field(True, description="whether answers are also scored alone, from 0 to 10")
    groups: tuple[str, ...] | None = Field(
        None, min_length=1, description="groups of pairs that are judged, such as qa; null: all"
    )

    def size(self, features: int) -> int:
        """Return the bytes of three short replies, and of six numbers."""
        return 3 * 16 + 24


class _Judgement(NamedTuple):
    """A comparison in both orders and a score, as questions; () for what is not asked."""

    compared: tuple[Asked, ...]
    scored: tuple[Asked, ...]
    equal: bool

    @property
    def asked(self) -> tuple[Asked, ...]:
        return (*self.compared, *self.scored)


def derive(shown: Shown, settings: Settings, means: Means) -> Mapping[str, np.ndarray]:
    """Return the values above, [models, rows]; `group` [rows].

    Raises what the judge raises; replies that it gave before are kept (`means.replies`).
    """
    texts, baselines = shown.observed["generations"].values["text"], _baselines(shown, settings)
    wanted = [settings.groups is None or pair.group in settings.groups for pair in shown.pairs]
    judgements = [
        [
            _judgement(_question(pair), pair.answer, text, other, settings) if chosen else _Judgement((), (), False)
            for pair, text, other, chosen in zip(shown.pairs, of_model.tolist(), others, wanted, strict=True)
        ]
        for of_model, others in zip(texts, baselines, strict=True)
    ]
    questions = [asked for row in judgements for each in row for asked in each.asked]
    answered = asked_once(questions, load_judge(settings.judge.kind), settings.judge, means)
    groups = np.array([pair.group for pair in shown.pairs], np.dtypes.StringDType())
    return {**_values(judgements, answered.__getitem__), "group": groups}


def _question(pair: Pair) -> str:
    """Return what a pair asks, after the earlier turns of its conversation if there are any."""
    if not pair.history:
        return pair.question
    return "\n".join(f"{role}: {text}" for role, text in (*pair.history, ("user", pair.question)))


def _baselines(shown: Shown, settings: Settings) -> Sequence[Sequence[str | None]]:
    """Return what every answer is compared with, [models, rows]; None for nothing."""
    models, rows = shown.observed["generations"].values["text"].shape
    if settings.baseline is None:
        return [[None] * rows] * models
    if settings.baseline == "answer":
        return [[pair.answer for pair in shown.pairs]] * models
    return shown.originals["generations"].values["text"].tolist()


def _judgement(question: str, reference: str, text: str, other: str | None, settings: Settings) -> _Judgement:
    equal = other == text
    orders = ((other, text), (text, other)) if other is not None and not equal else ()
    alone = ((text,),) if settings.score else ()
    compared, scored = (tuple(Asked(question, reference, answers) for answers in each) for each in (orders, alone))
    return _Judgement(compared, scored, equal)


def _values(judgements: Sequence[Sequence[_Judgement]], reply: Callable[[Asked], str]) -> dict[str, np.ndarray]:
    shape = len(judgements), len(judgements[0])
    verdict, score = (np.full(shape, np.nan, np.float32) for _ in range(2))
    counts = {name: np.zeros(shape, np.int32) for name in VALUES["text"] if name.startswith(("asked", "unread"))}
    replies = np.full(shape, "[]", np.dtypes.StringDType())
    for at in np.ndindex(shape):
        one = judgements[at[0]][at[1]]
        compared, scored = ([reply(asked) for asked in part] for part in (one.compared, one.scored))
        verdicts, scores = [verdict_of(each) for each in compared], [score_of(each) for each in scored]
        verdict[at] = both_orders(verdicts, one.equal)
        score[at] = next((value for value in scores if value is not None), np.nan)
        for kind, found in (("verdicts", verdicts), ("scores", scores)):
            counts[f"asked_{kind}"][at], counts[f"unread_{kind}"][at] = len(found), found.count(None)
        replies[at] = json.dumps([*compared, *scored], ensure_ascii=False)
    return {"verdict": verdict, "score": score, **counts, "replies": replies}


def both_orders(verdicts: Sequence[int | None], equal: bool = False) -> float:
    """Return 1, 0 or -1 by the verdicts on (other, own) and on (own, other): 0 where they disagree, or are ties.

    `equal` answers are a tie; NaN where there is no verdict, or one that could not be read.
    """
    if equal:
        return 0
    if not verdicts or None in verdicts:
        return np.nan
    return {(2, 1): 1, (1, 2): -1}.get((verdicts[0] or 0, verdicts[1] or 0), 0)
