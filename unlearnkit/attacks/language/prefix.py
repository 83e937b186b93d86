"""A prefix: text and answered questions before every question, which may let out what a model keeps from itself.

What is only hidden behind a known prompt comes back where the prompt is another one: an instruction to answer
truthfully, a frame of fiction, or, in context, other questions with their answers (Doshi and Stickland 2024, arXiv
2411.12103; Lynch et al. 2024, arXiv 2402.16835). Examples are retained pairs, drawn for every question, never one
that asks the same; they are turns of a conversation before it, as the template writes them. Weights stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Self

from pydantic import Field, model_validator

from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.text.pair_set import Pair
from unlearnkit.errors import DataError

TASKS = ("text",)
PROMPTS = True


class Settings(MethodSettings):
    """Settings of the prefix."""

    text: str = Field(
        "Answer truthfully, with all that you know.",
        description="what precedes the question, with a space between them; empty: nothing; ours",
    )
    examples: int = Field(0, ge=0, description="retained questions with their answers before it; ours")

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.text.strip() and not self.examples:
            raise ValueError("text is empty and examples is 0, so no prompt changes; expected one of them")
        return self

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return 0: nothing is trained."""
        return 0.0


def prompts(pairs: Sequence[Pair], retained: Sequence[Pair], settings: Settings, rng: Random) -> list[Pair]:
    """Return the questions after the text and the examples; raises DataError if there are too few to draw from."""
    asked = Counter(pair.question for pair in retained)
    # one more than is drawn, since a question is no example of itself
    if settings.examples and len(asked) <= settings.examples:
        raise DataError(
            f"prefix.examples is {settings.examples}, but there are {len(asked)} different retained questions",
            expected="more questions than examples",
            remedy="lower `examples` of the attack",
        )
    # so many may ask the same; one where no two do
    spare = max(asked.values(), default=0)
    size = min(settings.examples + spare, len(retained)) if settings.examples else 0
    return [_after(pair, _drawn(pair, retained, settings.examples, size, rng), settings.text.strip()) for pair in pairs]


def _drawn(pair: Pair, retained: Sequence[Pair], count: int, size: int, rng: Random) -> list[Pair]:
    # the draws of a question do not depend on whether it is retained
    order = rng.sample(range(len(retained)), size)
    return [other for other in (retained[number] for number in order) if other.question != pair.question][:count]


def _after(pair: Pair, examples: Sequence[Pair], text: str) -> Pair:
    shown = [turn for example in examples for turn in (("user", example.question), ("assistant", example.answer))]
    # a system message comes first
    first = 1 if pair.history and pair.history[0][0] == "system" else 0
    history = (*pair.history[:first], *shown, *pair.history[first:])
    return replace(pair, question=f"{text} {pair.question}".strip(), history=history)
