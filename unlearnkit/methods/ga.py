"""Gradient ascent on the tokens of the forget set (Jang et al. 2023; TOFU, OpenUnlearning).

    L = - mean over forget targets of -log p(target)

The loss is unbounded below: long runs or high rates destroy the model. Cost: one pass over `steps` forget batches.
"""

from __future__ import annotations

from torch import nn

from unlearnkit.config.language import LanguageSettings
from unlearnkit.data.sequences import Sequences
from unlearnkit.methods.token_steps import descend
from unlearnkit.training.token_losses import token_mean
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(LanguageSettings):
    """Settings of gradient ascent."""

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the forget sequences of `epoch` steps."""
        return self.drawn(forget, epoch)


def unlearn(model: nn.Module, retain: Sequences, forget: Sequences, settings: Settings, context: Context) -> nn.Module:
    """Maximise the cross entropy of the forget tokens from the original's weights."""
    return descend(
        model,
        {"forget": forget},
        settings,
        context,
        lambda model, batch: -token_mean(model(batch["forget"].inputs), batch["forget"].labels),
    )
