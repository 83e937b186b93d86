"""Maximum entropy on the forget set with descent on the retain set (Yuan et al. 2024, arXiv 2410.08109, "ME+GD").

    minimise gamma * mean over forget positions of KL(uniform || p_model) + alpha * CE(retain)

Positions are those of prompt and answer alike, unless `mask_prompt`; the published code labels padding as well and
averages over it, so its best gamma is another. Despite the name the published code minimises KL(uniform || p), here
`form: divergence`; `form: entropy` maximises the entropy itself. Both are 0 at uniform p and have no other minimum.
Cost: the sequences of `steps` batches of both sets.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.language import Gamma
from unlearnkit.config.methods.two_losses import TwoLosses
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.token_steps import Term, descend
from unlearnkit.methods.language.token_terms import mean_of, nll
from unlearnkit.training.language.forget_losses import from_uniform_sum, lost_entropy_sum
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(TwoLosses):
    """Settings of ME+GD; defaults of closer look on TOFU."""

    gamma: Gamma = 0.1
    mask_prompt: bool = Field(False, description="count positions of answers only, not of prompts; closer look")
    form: Literal["divergence", "entropy"] = Field(
        "divergence", description="KL(uniform || p), which the published code minimises, or log V minus the entropy"
    )


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Make all tokens equally likely on the forget set, and hold the retain set."""
    forget = data.forget if settings.mask_prompt else data.forget.unmasked()
    loss = mean_of(from_uniform_sum if settings.form == "divergence" else lost_entropy_sum)
    return descend(
        model, [Term(forget, loss, settings.gamma), Term(data.retain, nll, settings.alpha)], settings, context
    )
