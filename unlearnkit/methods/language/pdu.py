"""Primal-dual unlearning: flat logits on the forget set under a bound of the retain loss (arXiv 2506.05314).

    minimise gamma * mean over forget targets of (max_k z_k - mean_k z_k)^2  subject to CE(retain) <= eps
    by steps along gamma * forget loss + lambda * CE(retain), with lambda <- max(0, lambda + rate (CE(retain) - eps))

lambda starts at `alpha` and waits for `dual_warmup` of the steps. It moves once per step, by the mean over the targets
of the whole retain batch; OpenUnlearning moves it in every micro-batch and in every process for itself, and its flat
logits miss the first token of an answer and include the position after the last, since the mask is not shifted. eps has
to lie above the original's retain loss: `auto` measures that on up to `measured` retain sequences, times 1.2. Cost: the
sequences of `steps` batches of both sets, and a third of a pass for each measured sequence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from unlearnkit.config.methods.language import LanguageSettings
from unlearnkit.config.methods.search import LogUniform, Space
from unlearnkit.config.methods.two_losses import TwoLosses
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.methods.language.multiplier import Multiplier
from unlearnkit.methods.language.token_steps import Term, descend
from unlearnkit.methods.language.token_terms import mean_of, nll
from unlearnkit.training.language.forget_losses import peak_sum
from unlearnkit.training.language.token_losses import targets, token_sum
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()

ABOVE = 1.2
"""eps: auto is the original's retain loss times this."""


class Settings(TwoLosses):
    """Settings of PDU; defaults of OpenUnlearning, which has none for eps."""

    eps: Annotated[float, Field(gt=0)] | Literal["auto"] = Field(
        "auto", description="bound of the retain loss, nats per target; auto: 1.2 times the original's; ours"
    )
    measured: int = Field(1000, ge=1, description="retain sequences, at most, that eps: auto measures; ours")
    dual_rate: float = Field(1.0, ge=0, description="step of lambda per nat beyond eps; OpenUnlearning")
    dual_warmup: float = Field(
        0.5, ge=0, le=1, description="part of the steps in which lambda stays; OpenUnlearning, 5 of 10 passes"
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the sequences of both sets in `epoch` steps, and the forward passes that measure eps."""
        measured = FORWARD_PASS * min(self.measured, retain) if self.eps == "auto" else 0
        return measured + self.planned_draws(forget, epoch) + self.planned_draws(retain, epoch)

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the shared space, the first lambda and its rate."""
        return {**LanguageSettings.search(), "alpha": LogUniform(1.0, 100.0), "dual_rate": LogUniform(0.1, 10.0)}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Flatten the logits of forget targets while the retain loss stays below its bound."""
    eps = measured_bound(data.retain, settings, context) if settings.eps == "auto" else settings.eps
    waits = settings.dual_warmup * settings.steps
    dual = Multiplier(settings.alpha, settings.dual_rate, eps, waits)
    terms = [Term(data.forget, mean_of(peak_sum), settings.gamma), Term(data.retain, nll, multiplier=dual)]
    result = descend(model, terms, settings, context)
    context.note(f"lambda ended at {dual.value:.4g}, with eps {eps:.4g} nats")
    return result


def measured_bound(retain: Sequences, settings: Settings, context: Context) -> float:
    """Return 1.2 times the original's mean loss per target, nats, on up to `measured` sequences drawn from a set."""
    reference, count = context.reference(), min(settings.measured, len(retain))
    losses, number = torch.zeros(()), torch.zeros(())
    size = context.micro_batch_size or settings.batch_size
    for inputs, labels in retain.part(count, context.generators).unshuffled(size):
        losses += token_sum(reference(inputs), labels).cpu()
        number += targets(labels).cpu()
    return ABOVE * float(losses / number)
