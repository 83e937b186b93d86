"""NPO with a retain loss of its name (Zhang et al. 2024, arXiv 2404.05868; closer look "NPO+KL").

    minimise gamma * (2 / beta) * mean over forget sequences of log(1 + (pi_model(y) / pi_original(y))^beta)
             + alpha * KL(original || model)(retain)

It is `npo` with retain: kl, under its name in published tables. Cost: 4/3 for each forget sequence of `steps`
batches and 4/3 for each retain sequence.
"""

from __future__ import annotations

from typing import ClassVar

from torch import nn

from unlearnkit.config.methods.two_losses import Dispreferred
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.token_steps import Term, descend
from unlearnkit.methods.language.token_terms import preference, retain_terms
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(Dispreferred):
    """Settings of NPO+KL; defaults of OpenUnlearning."""

    RETAIN: ClassVar[str] = "kl"


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Make every forget sequence less likely than under the original, and hold the retain set."""
    terms = [Term(data.forget, preference(context.reference(), settings.beta), settings.gamma)]
    terms += retain_terms("kl", data.retain, settings.alpha, context)
    return descend(model, terms, settings, context)
