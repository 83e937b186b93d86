"""Gradient ascent on the forget set, held by the original's distribution on the retain set (TOFU "KL").

    minimise - CE(forget) + KL(p_original || p_model)(retain)

It is `graddiff` with retain: kl and weights of 1, under its name in published tables. The divergence averages over
targets only; that of TOFU, OpenUnlearning and Closer look runs over padding and prompt as well, so its weight depends
on how long the longest sequence of a batch is, and OpenUnlearning computes a forward pass that it does not use. The
original is in eval mode. Cost: the sequences of `steps` batches of both sets, and a third more for those of the retain
set.
"""

from __future__ import annotations

from torch import nn

from unlearnkit.config.methods.language import COST_OF_RETAIN, AscentSettings
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.token_steps import descend
from unlearnkit.methods.language.token_terms import ascent_on, retain_terms
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(AscentSettings):
    """Settings of ascent with a divergence."""

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the sequences of both sets in `epoch` steps, and the original's forward pass on the retain set."""
        return self.planned_draws(forget, epoch) + COST_OF_RETAIN["kl"] * self.planned_draws(retain, epoch)


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Maximise the cross entropy of forget tokens and stay at the original's distribution on the retain set."""
    terms = [ascent_on(data.forget, settings), *retain_terms("kl", data.retain, 1.0, context)]
    return descend(model, terms, settings, context)
