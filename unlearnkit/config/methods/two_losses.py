"""Settings of methods for language models that weigh a forget loss against a retain loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from unlearnkit.config.methods.language import COST_OF_RETAIN, WEIGHT, Alpha, Gamma, LanguageSettings
from unlearnkit.config.methods.search import LogUniform, Space
from unlearnkit.facts.passes import FORWARD_PASS

BETA = LogUniform(0.01, 1.0)
"""The search space of an inverse temperature of preferences."""

Beta = Annotated[float, Field(gt=0, description="inverse temperature of the preference; OpenUnlearning")]
Retain = Annotated[
    Literal["none", "nll", "kl"],
    Field(description="retain loss: none, cross entropy, or divergence from the original; OpenUnlearning"),
]


class TwoLosses(LanguageSettings):
    """A forget loss and a retain loss with their weights; a method with one retain loss names it in RETAIN."""

    FORGET_PASSES: ClassVar[float] = 1.0
    RETAIN: ClassVar[str] = "nll"

    gamma: Gamma = 1.0
    alpha: Alpha = 1.0

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the sequences of `epoch` steps, each times what its loss costs."""
        of_retain = COST_OF_RETAIN[self.RETAIN] * self.planned_draws(retain, epoch)
        return self.FORGET_PASSES * self.planned_draws(forget, epoch) + of_retain

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of every language method and the weight of the retain loss."""
        return {**LanguageSettings.search(), "alpha": WEIGHT}


class AnyRetainLoss(TwoLosses):
    """A forget loss and any of the retain losses that read the retain set alone."""

    retain: Retain = "nll"

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the sequences of `epoch` steps, each times what its loss costs."""
        of_retain = COST_OF_RETAIN[self.retain] * self.planned_draws(retain, epoch)
        return self.FORGET_PASSES * self.planned_draws(forget, epoch) + of_retain


class Dispreferred(TwoLosses):
    """Forget sequences are made less likely than the original finds them, and one retain loss."""

    FORGET_PASSES: ClassVar[float] = 1 + FORWARD_PASS

    beta: Beta = 0.1

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of both losses, and beta."""
        return {**TwoLosses.search(), "beta": BETA}


class Preferred(AnyRetainLoss):
    """Other answers are preferred to the true ones, both relative to the original, and any retain loss."""

    FORGET_PASSES: ClassVar[float] = 2 * (1 + FORWARD_PASS)

    beta: Beta = 0.1

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of both losses, and beta."""
        return {**AnyRetainLoss.search(), "beta": BETA}
