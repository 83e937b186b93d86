"""Gradient ascent on the forget set (Golatkar et al. 2020, Thudi et al. 2022; EasyDUB's `ascent_forget`).

    minimise -CE on the forget set, in train mode

The loss is unbounded below: long runs at a high rate end in chance accuracy or in non-finite weights, which the scores
then report as failed models. Unlike in the reference, the order is redrawn in every pass and the whole forget set is
used. Cost: `epochs` passes over the forget set.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.fine_tuning import FineTuningSettings
from unlearnkit.config.methods.search import GENERIC, MOMENTUM, Space
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.descent import descend
from unlearnkit.training.optimisation import Optimizer, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()


class Settings(FineTuningSettings):
    """Settings of gradient ascent; defaults of EasyDUB's grid."""

    epochs: int = Field(10, ge=1, description="passes over the forget set; EasyDUB")
    lr: float = Field(1e-4, ge=0, description="learning rate, constant; EasyDUB's grid is 1e-5 to 5e-2")
    momentum: float = Field(0.0, ge=0, lt=1, description="SGD momentum; EasyDUB")
    weight_decay: float = Field(0.0, ge=0, description="coupled weight decay; EasyDUB")
    batch_size: int = Field(64, ge=1, description="forget samples per step; EasyDUB")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return one pass over the forget set per epoch."""
        return epoch * forget

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's space."""
        return {**GENERIC, "momentum": MOMENTUM}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Maximise cross entropy on the forget set from the original's weights, in train mode."""
    return descend(copy.deepcopy(model), data.forget, settings, context, take_step=ascend)


def ascend(optimizer: Optimizer, loss: Tensor) -> None:
    """Take one step that increases `loss`."""
    step(optimizer, -loss)
