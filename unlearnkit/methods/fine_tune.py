"""Fine-tuning on the retain set (Golatkar et al. 2020, Warnecke et al. 2021).

Cost: `epochs` passes over the retain set.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import nn

from unlearnkit.config.search import GENERIC, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.batches import Samples
from unlearnkit.training.losses import cross_entropy
from unlearnkit.training.optimisation import scheduled_lr, sgd, step
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()


class Settings(MethodSettings):
    """Settings of fine-tuning; defaults of Deep Unlearn, whose lr acts as a warm restart and wants tuning."""

    epochs: int = Field(5, ge=1, description="passes over the retain set; Deep Unlearn")
    lr: float = Field(0.1, ge=0, description="initial learning rate; Deep Unlearn")
    schedule: Literal["cosine", "constant"] = Field(
        "cosine", description="learning rate over epochs, to 0 or constant; Deep Unlearn"
    )
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; Deep Unlearn")
    weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay; Deep Unlearn")
    batch_size: int = Field(256, ge=1, description="retain samples per step; Deep Unlearn")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return one pass over the retain set per epoch."""
        return epoch * retain

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's space."""
        return GENERIC


def unlearn(model: nn.Module, retain: Samples, forget: Samples, settings: Settings, context: Context) -> nn.Module:
    """Minimise cross entropy on the retain set from the original's weights, in train mode."""
    model = copy.deepcopy(model)
    optimizer = sgd(model, settings.lr, settings.momentum, settings.weight_decay)
    for epoch in range(1, settings.epochs + 1):
        optimizer.lr = scheduled_lr(settings.schedule, settings.lr, (epoch - 1) / settings.epochs)
        model.train()
        for images, labels in retain.epoch(settings.batch_size):
            step(optimizer, cross_entropy(model(images), labels))
        context.end_epoch(epoch, model)
    return model.eval()
