"""Fine-tuning on the retain set (Golatkar et al. 2020, Warnecke et al. 2021).

    minimise CE on the retain set, in train mode

Cost: `epochs` passes over the retain set.
"""

from __future__ import annotations

import copy
from typing import Literal

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.fine_tuning import FineTuningSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.descent import descend
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()


class Settings(FineTuningSettings):
    """Settings of fine-tuning; defaults of Deep Unlearn, whose lr acts as a warm restart: tune it."""

    epochs: int = Field(5, ge=1, description="passes over the retain set; Deep Unlearn")
    lr: float = Field(0.1, ge=0, description="initial learning rate; Deep Unlearn")
    schedule: Literal["cosine", "constant"] = Field(
        "cosine", description="learning rate over epochs, to 0 or constant; Deep Unlearn"
    )
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; Deep Unlearn")
    weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay; Deep Unlearn")
    batch_size: int = Field(256, ge=1, description="retain samples per step; Deep Unlearn")


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Minimise cross entropy on the retain set from the original's weights, in train mode."""
    return descend(copy.deepcopy(model), data.retain, settings, context, schedule=settings.schedule)
