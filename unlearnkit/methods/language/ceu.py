"""CEU: cross-entropy unlearning (Yang 2025, arXiv 2503.01224; OpenUnlearning).

    minimise mean over forget targets of CE(q, p),  q = p with q_y = 0, renormalised, without gradient

Neither a reference nor the retain set is read. The first `skipped_targets` targets of a sequence do not count: the
first token of an answer says little. In logits the goal is exact, also where p_y rounds to 1. Cost: the forget
sequences of `steps` batches.
"""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.language import LanguageSettings
from unlearnkit.data.text import sequences
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.token_steps import Term, TokenBatch, descend
from unlearnkit.training.language.forget_losses import counterfactual_sum
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(LanguageSettings):
    """Settings of CEU; defaults of OpenUnlearning."""

    skipped_targets: int = Field(
        1, ge=0, description="targets at the beginning of a sequence that do not count; OpenUnlearning"
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the forget sequences of `epoch` steps."""
        return self.planned_draws(forget, epoch)


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Move the probability of forget targets to the other tokens, in the proportions that these have."""
    skipped = settings.skipped_targets
    term = Term(data.forget, counterfactual, counted=lambda labels: without_first(labels, skipped))
    return descend(model, [term], settings, context)


def counterfactual(model: nn.Module, batch: TokenBatch) -> Tensor:
    """Return the mean over targets of the cross entropy from the model without them; 0 if no target counts."""
    return counterfactual_sum(model(batch.inputs), batch.labels) / batch.targets.clamp(min=1)


def without_first(labels: Tensor, skipped: int) -> Tensor:
    """Return labels without the first `skipped` targets of every sequence, which become IGNORE."""
    number = (labels != sequences.IGNORE).cumsum(1)
    return labels.where(number > skipped, sequences.IGNORE)
