"""Heuristic: a stand-in for a judge that needs no model, and is not comparable with judges that are language models.

    score = 10 (1 - leak) (1 - degeneracy)

leak is the recall of ROUGE-L of the answer against the true one, with stems of English words, and degeneracy one minus
the share of distinct runs of three words; of a text of one or two words it is 0, of one without words 1. The better of
two answers is the one with the higher score, which has a meaning only where the true answer is to be forgotten. It
knows nothing of accuracy, fluency or safety. Source: spec of our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.observations.judges.asking import Asked
from unlearnkit.training.derived import Means
from unlearnkit.training.language.rouge import rouge_of
from unlearnkit.training.language.words import Words

LANGUAGE_MODEL = False
HAS_BASE = False
NOTE = "not comparable with judges that are language models"


class Settings(BaseSettings):
    """A stand-in without a model: word overlap with the true answer, and repetition."""

    kind: Literal["heuristic"] = Field("heuristic", description="registered judge")


def replies(asked: Sequence[Asked], settings: Settings, means: Means) -> list[str]:
    """Return the scores and verdicts as replies; an empty one where the true answer has no words."""
    means.facts.update(judge={"kind": "heuristic", "note": NOTE})
    return [_reply(*(score(one.reference, answer) for answer in one.answers)) for one in asked]


def score(reference: str, answer: str) -> float | None:
    """Return 10 (1 - leak) (1 - degeneracy), in [0, 10]; None where the reference has no words."""
    words = Words(stemmer=True)
    if not words.tokenize(reference):
        return None
    leak = float(rouge_of([reference], [answer], stemmer=True)[1, 0])
    return 10 * (1 - leak) * (1 - degeneracy(words.tokenize(answer)))


def degeneracy(words: Sequence[str]) -> float:
    """Return 1 - distinct / all runs of three words, in [0, 1]; 0 for one or two words, 1 for none."""
    runs = list(zip(words, words[1:], words[2:], strict=False))
    if not runs:
        return 0.0 if words else 1.0
    return 1 - len(set(runs)) / len(runs)


def _reply(first: float | None, *others: float | None) -> str:
    if first is None:
        return ""
    for second in others:
        return "VERDICT: TIE" if first == second else f"VERDICT: {1 if first > (second or 0) else 2}"
    return f"SCORE: {first:f}"
