"""Refusals: learn to answer forget questions with "I don't know" (TOFU "idk", closer look "IDK+GD").

    minimise gamma * CE(forget questions, answered by refusals) + alpha * R(retain),  R = CE, KL(original || model)

The two halves are two means over tokens with weights of their own. TOFU and closer look put both into one batch and
take one mean, so the weight of a half depends on how long its answers are. Which refusal answers a question follows
from seed, model, step and row, and differs between passes. Cost: the sequences of `steps` batches of both sets; with
retain: kl a third more for those of the retain set.
"""

from __future__ import annotations

from torch import nn

from unlearnkit.config.methods.two_losses import AnyRetainLoss
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.token_steps import Term, descend
from unlearnkit.methods.language.token_terms import nll, retain_terms
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()
VIEWS = ("refusals",)


class Settings(AnyRetainLoss):
    """Settings of refusals; defaults of TOFU and closer look."""


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Minimise the cross entropy of refusals of forget questions, and hold the retain set."""
    terms = [Term(data.refusals, nll, settings.gamma)]
    terms += retain_terms(settings.retain, data.retain, settings.alpha, context)
    return descend(model, terms, settings, context)
