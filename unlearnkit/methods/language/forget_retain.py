"""Any forget loss with any retain loss, as an explicit pair: the grid of closer look (Yuan et al. 2024, 2410.08109).

    minimise gamma * (forget loss) + alpha * (retain loss)

    forget: ga, npo, dpo, idk, me      as in `ga`, `npo`, `dpo`, `idk`, `me_gd`
    retain: none, nll, kl, ap          as in `npo` and, for ap, `idk_ap`

The published code finds both by searching for parts of a name; here they are two settings, which `grid` combines. It
reads refusals of forget and retain questions, whatever the pair. gamma is 1.0 whatever the loss, but the 0.1 of closer
look on TOFU and of `me_gd` for `me`: set `gamma: 0.1` for me. Ascent (ga) stops at `max_forget_nll`. Cost per
sequence: forget 1, npo 4/3, dpo 8/3; retain 0, 1, 4/3, 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.language import COST_OF_RETAIN, WEIGHT, Alpha, AscentSettings, Gamma
from unlearnkit.config.methods.search import Space
from unlearnkit.config.methods.two_losses import BETA, Beta
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.methods.language.answer_terms import replaced_preferred, true_preferred
from unlearnkit.methods.language.token_steps import Term, descend
from unlearnkit.methods.language.token_terms import ascent_on, mean_of, nll, preference, retain_terms
from unlearnkit.training.language.forget_losses import from_uniform_sum
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()
VIEWS = ("refusals", "retain_refusals")


class Settings(AscentSettings):
    """Settings of a pair of losses; defaults of closer look."""

    forget: Literal["ga", "npo", "dpo", "idk", "me"] = Field(
        "npo", description="forget loss: ascent, NPO, DPO of refusals, refusals, or maximum entropy; closer look"
    )
    retain: Literal["none", "nll", "kl", "ap"] = Field(
        "nll", description="retain loss: none, cross entropy, divergence, or answer preservation; closer look"
    )
    gamma: Gamma = 1.0
    alpha: Alpha = 1.0
    beta: Beta = 0.1

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the sequences of `epoch` steps, each times what its loss costs."""
        cost = {"npo": 1 + FORWARD_PASS, "dpo": 2 * (1 + FORWARD_PASS)}.get(self.forget, 1.0)
        of_retain = COST_OF_RETAIN[self.retain] * self.planned_draws(retain, epoch)
        return cost * self.planned_draws(forget, epoch) + of_retain

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of every ascent, the weight of the retain loss, and beta."""
        return {**AscentSettings.search(), "alpha": WEIGHT, "beta": BETA}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Minimise the two losses that the settings name."""
    terms = [forget_term(data, settings, context)]
    if settings.retain == "ap":
        terms.append(Term(data.retain_refusals, true_preferred(context, settings.beta), settings.alpha))
    else:
        terms += retain_terms(settings.retain, data.retain, settings.alpha, context)
    return descend(model, terms, settings, context)


def forget_term(data: Sets[Sequences], settings: Settings, context: Context) -> Term:
    """Return the term of the forget loss that the settings name."""
    weight = settings.gamma
    match settings.forget:
        case "ga":
            return ascent_on(data.forget, settings, weight)
        case "npo":
            return Term(data.forget, preference(context.reference(), settings.beta), weight)
        case "dpo":
            return Term(data.refusals, replaced_preferred(context, settings.beta), weight)
        case "idk":
            return Term(data.refusals, nll, weight)
        case "me":
            return Term(data.forget.unmasked(), mean_of(from_uniform_sum), weight)
