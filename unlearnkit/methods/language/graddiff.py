"""Gradient difference: ascent on the forget set and descent on the retain set in one loss (TOFU, OpenUnlearning).

    minimise gamma * (- CE(forget)) + alpha * R(retain),  R = CE, or KL(original || model)

Ascent has no lower bound; training stops at `max_forget_nll`, which the published code lacks. The divergence averages
over targets only, where the published one includes padding. Cost: the sequences of `steps` batches of both sets; with
retain: kl a third more for those of the retain set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.language import COST_OF_RETAIN, WEIGHT, Alpha, AscentSettings, Gamma
from unlearnkit.config.methods.search import Space
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.token_steps import descend
from unlearnkit.methods.language.token_terms import ascent_on, retain_terms
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(AscentSettings):
    """Settings of gradient difference; defaults of OpenUnlearning."""

    gamma: Gamma = 1.0
    alpha: Alpha = 1.0
    retain: Literal["nll", "kl"] = Field(
        "nll", description="retain loss: cross entropy, or divergence from the original; OpenUnlearning"
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the sequences of both sets in `epoch` steps, and the original's forward pass where it is asked."""
        return self.planned_draws(forget, epoch) + COST_OF_RETAIN[self.retain] * self.planned_draws(retain, epoch)

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of every ascent and the weight of the retain loss beside it."""
        return {**AscentSettings.search(), "alpha": WEIGHT}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Maximise the cross entropy of forget tokens and hold the retain set, one batch of each per step."""
    terms = [ascent_on(data.forget, settings, settings.gamma)]
    terms += retain_terms(settings.retain, data.retain, settings.alpha, context)
    return descend(model, terms, settings, context)
