"""A paraphrase: every question in the other words that its data set has, which unlearning may not have reached.

Methods see the published wording alone (Patil et al. 2024, arXiv 2309.17410; Lynch et al. 2024, arXiv 2402.16835).
Questions without other words are asked as before. Weights stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.text.pair_set import Pair

TASKS = ("text",)
PROMPTS = True


class Settings(MethodSettings):
    """A paraphrase has no settings."""

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return 0: nothing is trained."""
        return 0.0


def prompts(pairs: Sequence[Pair], retained: Sequence[Pair], settings: Settings, rng: Random) -> list[Pair]:
    """Return the questions in other words, where there are some."""
    return [replace(pair, question=pair.paraphrased_question or pair.question) for pair in pairs]
