"""Direct preference optimisation of refusals over true answers (Rafailov et al. 2023; TOFU, OpenUnlearning "idk").

    minimise - gamma * (2 / beta) * mean over forget questions of log sigmoid(beta (r_refusal - r_true))
             + alpha * R(retain),  r = log pi_model(answer) - log pi_original(answer)

log pi is the sum of log p over the targets of an answer. At the original the loss is (2 / beta) log 2. TOFU leaves the
factor 2 out, and its code for it cannot run. Cost: 8/3 for each forget question of `steps` batches; with a retain loss
1 (nll) or 4/3 (kl) for each retain sequence.
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
VIEWS = ("refusals",)


class Settings(Preferred):
    """Settings of DPO; defaults of OpenUnlearning's configuration."""


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Prefer refusals to the true answers of forget questions, measured from the original."""
    terms = [Term(data.refusals, replaced_preferred(context, settings.beta), settings.gamma)]
    terms += retain_terms(settings.retain, data.retain, settings.alpha, context)
    return descend(model, terms, settings, context)
