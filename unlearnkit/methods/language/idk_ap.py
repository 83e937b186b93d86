"""Refusals with answer preservation (Yuan et al. 2024, arXiv 2410.08109, "IDK+AP").

    minimise gamma * CE(forget questions, answered by refusals)
             - alpha * (1 / beta) * mean over retain questions of log sigmoid(beta (S_refusal - S_true))

S is the sum of -log p over the targets of an answer, so raising the probability of the true answer lowers the loss.
Sums are as published: refusals are shorter than answers, so the argument is often negative at the start;
`length_normalised` takes means instead. The factor is 1 / beta here and 2 / beta in `dpo`, as published. No reference.
Cost: 1 for each forget question of `steps` batches and 2 for each retain question.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.search import Space
from unlearnkit.config.methods.two_losses import BETA, Beta, TwoLosses
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.answer_terms import true_preferred
from unlearnkit.methods.language.token_steps import Term, descend
from unlearnkit.methods.language.token_terms import nll
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()
VIEWS = ("refusals", "retain_refusals")


class Settings(TwoLosses):
    """Settings of IDK+AP; defaults of closer look."""

    RETAIN: ClassVar[str] = "ap"

    beta: Beta = 0.1
    length_normalised: bool = Field(False, description="mean instead of sum over the targets of an answer; ours")

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of both losses, and beta."""
        return {**TwoLosses.search(), "beta": BETA}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Learn refusals of forget questions, and keep the answers to retain questions ahead of refusals."""
    preserved = true_preferred(context, settings.beta, settings.length_normalised)
    terms = [Term(data.refusals, nll, settings.gamma), Term(data.retain_refusals, preserved, settings.alpha)]
    return descend(model, terms, settings, context)
