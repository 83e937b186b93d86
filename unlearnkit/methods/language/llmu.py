"""LLMU (Yao et al. 2023, arXiv 2310.10683): ascent on forget answers, other answers in their place, normal data kept.

    minimise - gamma * CE(forget) + mismatch * CE(forget questions with answers of the retain set)
             + alpha * KL(p_original || p_model)(retain)

Every forget question is given `answers` answers, of retained sequences drawn at random in every pass; of plain text the
first half of a sequence stands for the question (`Mismatched`). The retain set is the normal data; the authors take
another data set. The run stops before a step whose forget batch has a mean loss above `max_forget_nll`, their
max_bad_loss, which is checked in every step. Corrected: the targets of the ascent are the tokens of the answer, not
those of padding; those of the other answers begin behind the question; the limit is compared with a loss, not with its
negative; the original is in eval mode; KL averages over targets. Cost: the sequences of `steps` batches of the forget
set, `answers` times as many with other answers, and 4/3 for each of the retain set.

The form in which ICU compares with LLMU, labels of the partner on the inputs of the forget sequence, is `icu` with
`learn: mismatched`.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.language import COST_OF_RETAIN, WEIGHT, AscentSettings
from unlearnkit.config.methods.search import Space
from unlearnkit.data.text.mismatched import Mismatched
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.token_steps import Term, descend
from unlearnkit.methods.language.token_terms import ascent_on, nll, retain_terms
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(AscentSettings):
    """Settings of LLMU; defaults of the authors' code, but max_forget_nll, which is 100 there and never reached."""

    steps: int = Field(1000, ge=1, description="optimisation steps")
    lr: float = Field(2e-6, ge=0, description="peak learning rate of AdamW")
    batch_size: int = Field(2, ge=1, description="sequences of each set per step")
    clip: float | None = Field(None, gt=0, description="largest norm of the gradient; null: unlimited")
    gamma: float = Field(0.5, ge=0, description="weight of the ascent")
    mismatch: float = Field(1.0, ge=0, description="weight of the other answers")
    alpha: float = Field(1.0, ge=0, description="weight of the divergence on the retain set")
    answers: int = Field(5, ge=1, description="other answers of every forget question in a step")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the sequences of `epoch` steps, each times what its loss costs."""
        of_retain = COST_OF_RETAIN["kl"] * self.planned_draws(retain, epoch)
        return (1 + self.answers) * self.planned_draws(forget, epoch) + of_retain

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of every language method, and two of the weights relative to the third."""
        return {**AscentSettings.search(), "gamma": WEIGHT, "mismatch": WEIGHT}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Maximise the cross entropy of forget answers, learn other ones, and stay at the original on the retain set."""
    mismatched = Mismatched(data.forget, data.retain, settings.answers)
    terms = [ascent_on(data.forget, settings, settings.gamma), Term(mismatched, nll, settings.mismatch)]
    return descend(model, [*terms, *retain_terms("kl", data.retain, settings.alpha, context)], settings, context)
