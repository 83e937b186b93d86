"""Datamodel matching: distil DM-Direct into the original (Attribute-to-Delete, algorithm C.3, arXiv 2410.23232).

    minimise mean over batch and classes of (z - z_t)^2 + lambda |w - w_0|^2 by Adam,  `loss: mse`
    on the forget set, `forget_repeats` times over, and floor(`retain_ratio` |forget set|) retain samples
    z_t(x) = z(x; w_0) - m * sum over forget samples i of beta_i(x),  m = `multiplier`

Oracle matching with one teacher, the frozen original whose logits a datamodel shifts. With effects from TRAK it is the
method that is also known as DM-TRAK. Cost: `epochs` passes over the forget set and a retain subset, and a teacher's
forward pass for each; the attribution is not counted.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from unlearnkit.config.methods.matching import DatamodelSettings, MatchingSettings
from unlearnkit.config.methods.search import Space
from unlearnkit.data.images.batches import Samples
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.methods.images.logit_shift import logit_shift
from unlearnkit.methods.images.matching_student import match
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ("attribution",)


class Settings(DatamodelSettings, MatchingSettings):
    """Settings of datamodel matching."""

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the passes over the mixed samples, and the teacher's forward pass for each."""
        return epoch * self.planned_samples(forget) * (1 + FORWARD_PASS)

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return where to search the student's settings and the multiplier."""
        return {**MatchingSettings.search(), **DatamodelSettings.search()}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Match z(x; theta_o) - m * sum over i in F of beta_i(x) on the forget set and a part of the retain set."""
    original = context.reference()
    shifted = data.retain.with_targets(logit_shift(settings, data.retain, context))
    return match(model, lambda images, shift: (original(images) + shift)[None], shifted, data.forget, settings, context)
