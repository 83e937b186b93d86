"""Negative preference optimisation (Zhang et al. 2024, arXiv 2404.05868; OpenUnlearning).

    minimise gamma * (2 / beta) * mean over forget sequences of log(1 + (pi_model(y) / pi_original(y))^beta)
             + alpha * R(retain),  R = nothing, CE, or KL(original || model)

log pi(y) is the sum, not the mean, of log p over the targets of a sequence. With S = -log pi the gradient of a sequence
is that of -S, weighted by 2 sigmoid(-beta (S - S_original)): 1 at the start, less as the sequence is forgotten, and
ascent on S for beta -> 0. So the loss has a lower bound, 0, and needs no guard.

The original's forward pass is repeated for every batch rather than kept per sequence: it is computed in the same shape
as the model's, so that the loss of the first step is exactly (2 / beta) log 2. Cost: 4/3 for each forget sequence of
`steps` batches; with a retain loss 1 (nll) or 4/3 (kl) for each retain sequence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.language import COST_OF_RETAIN, WEIGHT, Alpha, Gamma, LanguageSettings
from unlearnkit.config.methods.search import LogUniform, Space
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.methods.language.token_steps import Term, descend
from unlearnkit.methods.language.token_terms import preference, retain_terms
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(LanguageSettings):
    """Settings of NPO; defaults of OpenUnlearning."""

    beta: float = Field(0.1, gt=0, description="inverse temperature; towards 0 it is ascent; OpenUnlearning")
    gamma: Gamma = 1.0
    alpha: Alpha = 1.0
    retain: Literal["none", "nll", "kl"] = Field(
        "nll", description="retain loss: none, cross entropy, or divergence from the original; OpenUnlearning"
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the sequences of `epoch` steps, with the original's forward pass on the forget set."""
        of_forget, of_retain = self.planned_draws(forget, epoch), self.planned_draws(retain, epoch)
        return (1 + FORWARD_PASS) * of_forget + COST_OF_RETAIN[self.retain] * of_retain

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of every language method, with beta and the weight of the retain loss."""
        return {**LanguageSettings.search(), "beta": LogUniform(0.01, 1.0), "alpha": WEIGHT}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Make every forget sequence less likely than under the original, one batch of each set per step."""
    terms = [Term(data.forget, preference(context.reference(), settings.beta), settings.gamma)]
    terms += retain_terms(settings.retain, data.retain, settings.alpha, context)
    return descend(model, terms, settings, context)
