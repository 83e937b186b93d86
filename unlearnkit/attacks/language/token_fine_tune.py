"""Benign fine-tuning of language models on sequences that were never forgotten (Lynch et al. 2024, arXiv 2402.16835).

    minimise CE(retain), or CE(validation)

Nothing of the forget set is seen: what comes back was suppressed, not removed. Trained on validation samples, a model
has seen what metrics of validation samples, and membership inference, take for unseen. Cost: the sequences of `steps`
batches.
"""

from __future__ import annotations

from typing import Literal

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
VIEWS = ("validation",)


class Settings(LanguageSettings):
    """AdamW; defaults of the language methods."""

    on: Literal["retain", "validation"] = Field(
        "retain", description="retain: the sequences that were kept; validation: new ones; plans count the retain set"
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the sequences of `epoch` steps."""
        return self.planned_draws(retain, epoch)


def attack(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Minimise the cross entropy of retained or validation sequences."""
    sequences = data.retain if settings.on == "retain" else data.validation
    return descend(model, [Term(sequences, nll)], settings, context)
