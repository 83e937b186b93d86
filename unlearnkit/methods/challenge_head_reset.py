"""Draw the classifier anew, then fine-tune as in the unlearning challenge.

`unlearn_2` of the re-implemented metric of the NeurIPS-2023 challenge (AlbinSou/unlearning-challenge-metric). Which
part is the classifier, the architecture says; its draws are those of the architecture's own initialiser. Cost: `epochs`
passes over the retain set.
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
from unlearnkit.models.parts import reset
from unlearnkit.training.losses import cross_entropy
from unlearnkit.training.optimisation import sgd, step
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()
PERTURBS = True


class Settings(MethodSettings):
    """Settings of the challenge's fine-tuning, which follows the reset."""

    epochs: int = Field(1, ge=1, description="passes over the retain set; challenge")
    lr: float = Field(0.002, ge=0, description="learning rate, constant; challenge")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; challenge")
    weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay; challenge")
    batch_size: int = Field(64, ge=1, description="retain samples per step; challenge")
    augmentation: Literal["none", "crop_flip"] = Field(
        "crop_flip", description="shifts by up to 4 pixels and mirroring, drawn in every epoch, or none; challenge"
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return one pass over the retain set per epoch."""
        return epoch * retain

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's generic space."""
        return GENERIC


def unlearn(model: nn.Module, retain: Samples, forget: Samples, settings: Settings, context: Context) -> nn.Module:
    """Give the original a fresh classifier and minimise cross entropy on augmented retain samples, in train mode."""
    model = copy.deepcopy(model)
    reset(model, context.fresh(), [context.adapter.classifier])
    samples = retain.viewed(settings.augmentation, retain.resolution)
    optimizer = sgd(model, settings.lr, settings.momentum, settings.weight_decay)
    for epoch in range(1, settings.epochs + 1):
        model.train()
        for images, labels in samples.epoch(settings.batch_size):
            step(optimizer, cross_entropy(model(images), labels))
        context.end_epoch(epoch, model)
    return model.eval()
