"""SatImp: ascent weighted by saturation and importance (Yang et al. 2025, arXiv 2505.11953; OpenUnlearning).

    minimise gamma * mean over forget targets of p^beta1 (1 - p)^beta2 log p + alpha * R(retain)

No gradient passes through the weight. The paper and the class of OpenUnlearning weigh 1.0 : 0.1; its YAML file has
them the other way round (gamma: 0.1, alpha: 1.0). Cost: the sequences of `steps` batches of both sets; with retain: kl
a third more for those of the retain set.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.language import Alpha
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
    """Settings of SatImp; defaults of the paper."""

    alpha: Alpha = 0.1
    batch_size: int = Field(16, ge=1, description="sequences of each set per step; the paper")
    beta1: float = Field(5.0, gt=0, description="exponent of p, saturation; the paper")
    beta2: float = Field(1.0, ge=0, description="exponent of 1 - p, importance; the paper")

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of both losses, and the exponents."""
        return {**AnyRetainLoss.search(), "beta1": LogUniform(0.5, 10.0), "beta2": LogUniform(0.1, 5.0)}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Ascend on forget targets that are neither certain nor forgotten, and hold the retain set."""
    terms = [Term(data.forget, weighted_ascent(settings.beta1, settings.beta2), settings.gamma)]
    terms += retain_terms(settings.retain, data.retain, settings.alpha, context)
    return descend(model, terms, settings, context)
