"""Direct preference optimisation of refusals over true answers (Rafailov et al. 2023; TOFU, OpenUnlearning "idk").

    minimise - gamma * (2 / beta) * mean over forget questions of log sigmoid(beta (r_refusal - r_true))
             + alpha * R(retain),  r = log pi_model(answer) - log pi_original(answer)

log pi is the sum of log p over the targets of an answer. At the original the loss is (2 / beta) log 2. TOFU leaves the
factor 2 out, and its code for it cannot run. Cost: 8/3 for each forget question of `steps` batches; with a retain loss
1 (nll) or 4/3 (kl) for each retain sequence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import nn

from unlearnkit.config.methods.search import Space
from unlearnkit.config.methods.two_losses import BETA, AnyRetainLoss, Beta
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.methods.language.answer_terms import replaced_preferred
from unlearnkit.methods.language.token_steps import Term, descend
from unlearnkit.methods.language.token_terms import retain_terms
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()
VIEWS = ("refusals",)


class Settings(AnyRetainLoss):
    """Settings of DPO; defaults of OpenUnlearning's configuration."""

    FORGET_PASSES: ClassVar[float] = 2 * (1 + FORWARD_PASS)

    beta: Beta = 0.1

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of both losses, and beta."""
        return {**AnyRetainLoss.search(), "beta": BETA}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Prefer refusals to the true answers of forget questions, measured from the original."""
    terms = [Term(data.refusals, replaced_preferred(context, settings.beta), settings.gamma)]
    terms += retain_terms(settings.retain, data.retain, settings.alpha, context)
    return descend(model, terms, settings, context)
