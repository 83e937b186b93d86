"""Gradient descent-ascent: ascent on the forget set, then descent on the retain set (EasyDUB).

    in the first `ascent_epochs` epochs: minimise -CE on the forget set, then CE on the retain set
    in the others: minimise CE on the retain set

Unlike in the reference, both orders are redrawn in every pass.
Cost: `epochs` passes over the retain set and `ascent_epochs` over the forget set.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.search import BATCH_SIZE, EPOCHS, LR, WEIGHT_DECAY, Choice, Integers, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.optimisation import sgd, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()


class Settings(MethodSettings):
    """Settings of gradient descent-ascent; defaults from EasyDUB's grid."""

    epochs: int = Field(5, ge=1, description="passes over the retain set; EasyDUB's grid is 5, 7, 10")
    ascent_epochs: int = Field(
        3, ge=0, description="first epochs that ascend on the forget set; EasyDUB's grid is 3, 5"
    )
    lr: float = Field(5e-4, ge=0, description="learning rate of both phases, constant; EasyDUB's grid is 5e-5 to 5e-3")
    momentum: float = Field(0.0, ge=0, lt=1, description="SGD momentum; EasyDUB")
    weight_decay: float = Field(0.0, ge=0, description="coupled weight decay; EasyDUB")
    retain_batch_size: int = Field(64, ge=1, description="retain samples per step; EasyDUB")
    forget_batch_size: int = Field(64, ge=1, description="forget samples per step; EasyDUB's grid is 32, 64")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return one pass over the retain set per epoch, and one over the forget set while it ascends."""
        return epoch * retain + min(epoch, self.ascent_epochs) * forget

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's ranges, with an ascent up to that of EasyDUB's grid and to `epochs`."""
        return {
            "lr": LR,
            "weight_decay": WEIGHT_DECAY,
            "epochs": EPOCHS,
            "ascent_epochs": Integers(1, lambda known: min(5, known["epochs"])),
            "retain_batch_size": BATCH_SIZE,
            "forget_batch_size": Choice((32, 64)),
        }


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Alternate one pass of ascent on the forget set with one pass of descent on the retain set, with one optimiser."""
    model = copy.deepcopy(model)
    optimizer = sgd(model, settings.lr, settings.momentum, settings.weight_decay)
    for epoch in range(1, settings.epochs + 1):
        model.train()
        if epoch <= settings.ascent_epochs:
            for images, labels in data.forget.epoch(settings.forget_batch_size):
                step(optimizer, -cross_entropy(model(images), labels))
        for images, labels in data.retain.epoch(settings.retain_batch_size):
            step(optimizer, cross_entropy(model(images), labels))
        context.end_epoch(epoch, model)
    return model.eval()
