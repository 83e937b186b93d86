"""Weighted gradient ascent (Wang et al. 2025, arXiv 2502.19301; OpenUnlearning "WGA").

    minimise gamma * mean over forget targets of p^beta log p + alpha * R(retain),  p^beta without gradient

Targets that are forgotten, with small p, weigh little, so the loss has a lower bound and needs no guard; beta = 0 would
be ascent, `ga`. OpenUnlearning holds a reference model that it does not use. Cost: the sequences of `steps` batches of
both sets; with retain: kl a third more for those of the retain set.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.search import LogUniform, Space
from unlearnkit.config.methods.two_losses import AnyRetainLoss
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.token_steps import Term, descend
from unlearnkit.methods.language.token_terms import retain_terms, weighted_ascent
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(AnyRetainLoss):
    """Settings of weighted ascent; defaults of the paper and OpenUnlearning."""

    beta: float = Field(1.0, gt=0, description="exponent of p in the weight of a target; OpenUnlearning")

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of both losses, and beta."""
        return {**AnyRetainLoss.search(), "beta": LogUniform(0.1, 10.0)}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Ascend on forget targets, those that are still likely most, and hold the retain set."""
    terms = [Term(data.forget, weighted_ascent(settings.beta), settings.gamma)]
    terms += retain_terms(settings.retain, data.retain, settings.alpha, context)
    return descend(model, terms, settings, context)
