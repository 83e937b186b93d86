"""Successive random labels: training on both sets, the forget set with random labels (Graves et al. 2021).

    minimise CE on retain and forget set shuffled together;  labels of forget samples: random in every epoch

Deep Unlearn's code reseeds the labels with the same number in every epoch, draws the true label in one of C cases and
never steps its scheduler. Here labels are redrawn for every sample in every epoch, by default only wrong ones, and the
learning rate follows its schedule.
Cost: `epochs` passes over both sets.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.search import GENERIC, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples, mixed_epoch
from unlearnkit.methods.images.relabelling import relabelled
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.optimisation import scheduled_lr, sgd, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()


class Settings(MethodSettings):
    """Settings of successive random labels; defaults of Deep Unlearn, whose lr acts as a warm restart."""

    epochs: int = Field(5, ge=1, description="passes over both sets; Deep Unlearn")
    lr: float = Field(0.1, ge=0, description="initial learning rate; Deep Unlearn")
    schedule: Literal["cosine", "constant"] = Field(
        "cosine", description="learning rate over epochs, to 0 or constant; Deep Unlearn configures cosine"
    )
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; Deep Unlearn")
    weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay; Deep Unlearn")
    batch_size: int = Field(256, ge=1, description="samples of both sets per step; Deep Unlearn")
    exclude_true_class: bool = Field(
        True, description="whether the random label is a wrong one; Graves et al. Deep Unlearn draws from all classes"
    )

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's space."""
        return GENERIC


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Minimise cross entropy on retain and forget samples shuffled into each other, in train mode.

    A forget sample has another random label in every epoch, a retain sample its own.
    """
    model = copy.deepcopy(model)
    optimizer = sgd(model, settings.lr, settings.momentum, settings.weight_decay)
    for epoch in range(1, settings.epochs + 1):
        optimizer.lr = scheduled_lr(settings.schedule, settings.lr, (epoch - 1) / settings.epochs)
        model.train()
        for images, labels, is_forget in mixed_epoch(data.retain, data.forget, settings.batch_size):
            logits = model(images)
            classes, exclude = logits.shape[-1], settings.exclude_true_class
            targets = relabelled(labels, is_forget, classes, exclude, context.generators)
            step(optimizer, cross_entropy(logits, targets))
        context.end_epoch(epoch, model)
    return model.eval()
