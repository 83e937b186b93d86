"""UNDIAL: self-distillation from adjusted logits (Dong et al. 2024, arXiv 2402.10052; OpenUnlearning).

    minimise gamma * mean over forget targets of CE(softmax(z_original - beta onehot(y)), p_model) + alpha * R(retain)

The teacher is the original, frozen. OpenUnlearning averages over all positions, prompt and padding included, and takes
the label -100 of these for the hundredth token from the end of the vocabulary; here only targets count. Cost: 4/3 for
each forget sequence of `steps` batches; with a retain loss 1 (nll) or 4/3 (kl) for each retain sequence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.search import LogUniform, Space
from unlearnkit.config.methods.two_losses import AnyRetainLoss, Retain
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.methods.language.token_steps import Loss, Term, TokenBatch, descend
from unlearnkit.methods.language.token_terms import retain_terms
from unlearnkit.training.language.forget_losses import distilled_sum
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(AnyRetainLoss):
    """Settings of UNDIAL; defaults of OpenUnlearning, which has no retain loss (alpha 0)."""

    FORGET_PASSES: ClassVar[float] = 1 + FORWARD_PASS

    lr: float = Field(1e-4, ge=0, description="peak learning rate of AdamW; OpenUnlearning")
    beta: float = Field(10.0, gt=0, description="how much the teacher's logit of a target is lowered; OpenUnlearning")
    retain: Retain = "none"

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of both losses, and beta."""
        return {**AnyRetainLoss.search(), "beta": LogUniform(1.0, 30.0)}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Learn the original's own predictions of forget targets, with the true ones made less likely."""
    terms = [Term(data.forget, distilled(context.reference(), settings.beta), settings.gamma)]
    terms += retain_terms(settings.retain, data.retain, settings.alpha, context)
    return descend(model, terms, settings, context)


def distilled(reference: Callable[[Tensor], Tensor], beta: float) -> Loss:
    """Return the mean over targets of the cross entropy from the reference's lowered predictions."""

    def loss(model: nn.Module, batch: TokenBatch) -> Tensor:
        total = distilled_sum(model(batch.inputs), reference(batch.inputs), batch.labels, beta)
        return total / batch.targets

    return loss
