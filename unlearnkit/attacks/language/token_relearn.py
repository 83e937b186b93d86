"""Relearning for language models: fine-tuning on a few forgotten sequences (Hu et al. 2024, arXiv 2406.13356).

    minimise CE(items of the forget set)

What was hidden comes back with few sequences, sooner than an oracle learns it. Every model draws `items` of the forget
set from its own seed; the model of the same index of any other candidate draws the same ones. Metrics look at the whole
forget set, these items among it. Cost: the sequences of `steps` batches.
"""

from __future__ import annotations

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.language import LanguageSettings
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.token_steps import Term, descend
from unlearnkit.methods.language.token_terms import nll
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False


class Settings(LanguageSettings):
    """AdamW; defaults of the language methods but for the batch, ours."""

    items: int = Field(4, ge=1, description="forgotten sequences, or pairs, that the attacker has; ours")
    steps: int = Field(20, ge=1, description="optimisation steps; ours")
    batch_size: int = Field(4, ge=1, description="sequences per step; ours")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the sequences of `epoch` steps."""
        return self.planned_draws(min(self.items, forget), epoch)


def attack(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Minimise the cross entropy of `items` sequences of the forget set."""
    known = data.forget.part(settings.items, context.generators)
    return descend(model, [Term(known, nll)], settings, context)
