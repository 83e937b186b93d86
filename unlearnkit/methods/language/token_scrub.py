"""SCRUB on tokens: alternating max and min distillation (Kurmanji et al. 2023), in steps.

    max step: minimise - KL_T(original || model) on a forget batch
    min step: minimise gamma CE + alpha KL_T(original || model) on a retain batch

The objective is the paper's, whose two halves alternate: move away from the teacher on the forget set, stay with it on
the retain set, and end with min steps that repair what the max steps broke. For images the turns are passes: one over
the forget set, then one over the retain set. A pass over the retain set of a language model is most of its training, so
here the turns are steps: `descent_steps` min steps, then a max step, until `ascent_steps` max steps are done, then min
steps only. The first step is a min step: at the original the divergence is 0 and its gradient is rounding error, which
AdamW would scale up to whole steps. As in the authors' code both share one optimiser, whose moments mix the two.
Cost: 4/3 for each sequence of the batches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.language import LanguageSettings
from unlearnkit.config.methods.search import UNIT, Integers, Space
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.methods.language.token_steps import Loss, Term, TokenBatch, descend
from unlearnkit.methods.language.token_terms import divergence
from unlearnkit.training.language.token_losses import divergence_sum, token_sum
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(LanguageSettings):
    """Settings of SCRUB on tokens; weights of Attribute-to-Delete's SCRUB, turns of ours."""

    ascent_steps: int = Field(20, ge=0, description="max steps, at most; steps beyond their turns are min steps; ours")
    descent_steps: int = Field(1, ge=1, description="min steps before every max step; ours")
    gamma: float = Field(0.99, ge=0, description="weight of cross entropy in the min step; A2D")
    alpha: float = Field(0.1, ge=0, description="weight of the divergence in the min step; A2D")
    temperature: float = Field(1.0, gt=0, description="temperature T of the divergence; ours, 4 on images")

    def is_ascent(self, step: int) -> bool:
        """Return whether step 1, 2, ... is a max step."""
        turn, rest = divmod(step, self.descent_steps + 1)
        return rest == 0 and turn <= self.ascent_steps

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the sequences of the max and min steps among `epoch` steps, with the original's forward pass."""
        ascents = min(epoch // (self.descent_steps + 1), self.ascent_steps)
        return (1 + FORWARD_PASS) * (self.planned_draws(forget, ascents) + self.planned_draws(retain, epoch - ascents))

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of every language method, with the turns and the weights of the min step."""
        turns = {"ascent_steps": Integers(1, 50), "descent_steps": Integers(1, 4)}
        return {**LanguageSettings.search(), **turns, "gamma": UNIT, "alpha": UNIT}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Drive the model from the original on the forget set, and hold it there on the retain set, in turns."""
    teacher = context.reference()
    away = divergence(teacher, settings.temperature)
    terms = [
        Term(data.forget, away, -1.0, turn=settings.is_ascent),
        Term(data.retain, stay(teacher, settings), turn=lambda step: not settings.is_ascent(step)),
    ]
    return descend(model, terms, settings, context)


def stay(teacher: Callable[[Tensor], Tensor], settings: Settings) -> Loss:
    """Return the loss of the min step, gamma CE + alpha KL_T, from one forward pass of the model."""

    def loss(model: nn.Module, batch: TokenBatch) -> Tensor:
        logits = model(batch.inputs)
        divergence = divergence_sum(logits, teacher(batch.inputs), batch.labels, settings.temperature)
        return (settings.gamma * token_sum(logits, batch.labels) + settings.alpha * divergence) / batch.targets

    return loss
