"""Gradient ascent on the tokens of the forget set (Jang et al. 2023; TOFU, OpenUnlearning).

    minimise L = - mean over forget targets of -log p(target)

The loss is unbounded below, and nothing holds the rest of the model in place: long runs or high rates destroy it. So
training stops at `max_forget_nll`, which the published code lacks. Cost: the forget sequences of `steps` batches; less
if it stops.
"""

from __future__ import annotations

from torch import nn

from unlearnkit.config.methods.language import AscentSettings
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.token_steps import descend
from unlearnkit.methods.language.token_terms import ascent_on
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(AscentSettings):
    """Settings of gradient ascent."""

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the forget sequences of `epoch` steps."""
        return self.planned_draws(forget, epoch)


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Maximise the cross entropy of the forget tokens from the original's weights."""
    return descend(model, [ascent_on(data.forget, settings)], settings, context)
