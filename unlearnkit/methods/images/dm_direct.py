"""DM-Direct: predict instead of unlearn, by a linear datamodel (Attribute-to-Delete, Georgiev et al. 2024).

    z(x) = z(x; w_0) - m * sum over forget samples i of beta_i(x),  m = `multiplier`

Not a network: logits are those of the original plus a shift per sample and class, so they are defined only on the
samples of the data set. The shift is kept with the original's weights as `logit_shift`. The reference can also undo the
soft thresholding of its regression but does not use this, so it is omitted. Cost: none beyond the attribution; the
forward pass is that of the evaluation, which counts for no method.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from unlearnkit.artifacts.weights import State
from unlearnkit.config.methods.matching import DatamodelSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.images.logit_shift import logit_shift
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = False
NEEDS = ("attribution",)
DRAWS = False
SHIFT = "logit_shift"


class Settings(DatamodelSettings):
    """Settings of DM-Direct."""

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return none: nothing is trained."""
        return 0.0


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Return a copy of the original that carries the shift of its logits."""
    shifted = copy.deepcopy(model).eval()
    shifted.register_buffer(SHIFT, logit_shift(settings, data.retain, context))
    return shifted


def assemble(state: State, logits_of: Callable[[State], Tensor]) -> Tensor:
    """Return z(x; theta_o) - m * sum over i in F of beta_i(x), float32 [samples, classes]."""
    original = {name: array for name, array in state.items() if name != SHIFT}
    return logits_of(original) + torch.from_numpy(state[SHIFT])
