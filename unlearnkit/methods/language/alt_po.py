"""Alternate preference optimisation (Mekala et al. 2024, arXiv 2409.13474): DPO toward plausible wrong answers.

    minimise - gamma * (2 / beta) * mean over forget questions of log sigmoid(beta (r_wrong - r_true))
             + alpha * R(retain),  r = log pi_model(answer) - log pi_original(answer)

It is `dpo` with alternatives in place of refusals, of which each pass draws one per question: the wrong answers of the
data, or with `data.pairs.alternatives: {kind: generated}` those that original 0 wrote, as the authors have it. Cost: as
`dpo`.

The wrong answers of the data are those that `truth_ratio` and `forget_quality` read, on TOFU its perturbed answers:
values of a method that trains on them are not comparable with those of other methods.
"""

from __future__ import annotations

from torch import nn

from unlearnkit.config.methods.two_losses import Preferred
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.answer_terms import replaced_preferred
from unlearnkit.methods.language.token_steps import Term, descend
from unlearnkit.methods.language.token_terms import retain_terms
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()
VIEWS = ("alternatives",)


class Settings(Preferred):
    """Settings of AltPO; defaults of OpenUnlearning, whose recipe searches beta, alpha and the rate."""


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Prefer wrong answers to the true ones of forget questions, measured from the original."""
    terms = [Term(data.alternatives, replaced_preferred(context, settings.beta), settings.gamma)]
    terms += retain_terms(settings.retain, data.retain, settings.alpha, context)
    return descend(model, terms, settings, context)
