"""Fine-tuning on the retain set: descent on its tokens alone (Golatkar et al. 2020; TOFU "retain" and others).

    minimise CE(retain)

Any forgetting is a side effect of further training. Cost: the retain sequences of `steps` batches.
"""

from __future__ import annotations

from torch import nn

from unlearnkit.config.methods.language import LanguageSettings
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.token_steps import Term, descend
from unlearnkit.methods.language.token_terms import nll
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(LanguageSettings):
    """Settings of fine-tuning on tokens."""

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the retain sequences of `epoch` steps."""
        return self.planned_draws(retain, epoch)


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Minimise the cross entropy of the retain tokens from the original's weights."""
    return descend(model, [Term(data.retain, nll)], settings, context)
