"""Catastrophic forgetting of the last k stages, CF-k (Goel et al. 2022, arXiv 2201.06640; Deep Unlearn's `cfk`).

    minimise CE + lambda / 2 |w - w_0|^2 on the retain set over the last k stages and the classifier, in eval mode

Unlike Deep Unlearn's code, momentum acts, and a k beyond the model's stages is an error instead of all of them. The
second learning rate of its search, which no step uses, is left out. Cost: `epochs` passes over the retain set, each
counted as a whole one although the backward pass ends at the first stage that is trained.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.search import BATCH_SIZE, EPOCHS, LR, MOMENTUM, UNIT, WEIGHT_DECAY, Integers, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.images.last_stages import last_stages
from unlearnkit.methods.images.proximity import squared_distance
from unlearnkit.models.parts import freeze, parameters_of
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.optimisation import sgd, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()


class Settings(MethodSettings):
    """Settings of CF-k; defaults of Deep Unlearn."""

    k: int = Field(1, ge=1, description="stages that are trained, beside the classifier; Deep Unlearn")
    epochs: int = Field(10, ge=1, description="passes over the retain set; Deep Unlearn")
    lr: float = Field(0.01, ge=0, description="initial learning rate; Deep Unlearn")
    decay: float = Field(
        0.1, ge=0, le=1, description="factor on the learning rate after 1/2, 4/5, 9/10 of the epochs; Deep Unlearn"
    )
    momentum: float = Field(0.0, ge=0, lt=1, description="SGD momentum; Deep Unlearn names 0.9, which no step uses")
    proximity: float = Field(
        0.1, ge=0, description="lambda of the squared distance to the original's weights; Deep Unlearn"
    )
    batch_size: int = Field(256, ge=1, description="retain samples per step; Deep Unlearn")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return one pass over the retain set per epoch."""
        return epoch * retain

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's space, its k up to the four stages of a ResNet."""
        return {
            "k": Integers(1, 4),
            "epochs": EPOCHS,
            "lr": LR,
            "decay": UNIT,
            "momentum": MOMENTUM,
            "proximity": WEIGHT_DECAY,
            "batch_size": BATCH_SIZE,
        }


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Minimise CE + (lambda / 2) |w - w_0|^2 on the retain set over the last k stages, in eval mode."""
    model = copy.deepcopy(model).eval()
    last, kept = last_stages(context.adapter, settings.k)
    freeze(model, kept)
    trained = list(parameters_of(model, last).values())
    original = [parameter.detach().clone() for parameter in trained]
    optimizer = sgd(model, settings.lr, settings.momentum)
    for epoch in range(1, settings.epochs + 1):
        optimizer.lr = settings.lr * settings.decay ** sum(epoch - 1 > m for m in milestones(settings.epochs))
        for images, labels in data.retain.epoch(settings.batch_size):
            distance = squared_distance(trained, original)
            step(optimizer, cross_entropy(model(images), labels) + settings.proximity / 2 * distance)
        context.end_epoch(epoch, model)
    return model.requires_grad_(True)


def milestones(epochs: int) -> tuple[int, ...]:
    """Return the epochs, counted from 0, after which the learning rate falls: floor of 1/2, 4/5, 9/10 of all."""
    return epochs // 2, 4 * epochs // 5, 9 * epochs // 10
