"""NegGrad+: descent on the retain set and ascent on the forget set in one loss (Kurmanji et al. 2023; Deep Unlearn).

    minimise alpha (CE(retain) + lambda / 2 |w - w_0|^2) - (1 - alpha) CE(forget),  a batch of each per step

Unlike in Deep Unlearn's code, the distance to the original can be weighted (its weight was a constant 0), and forget
batches are redrawn after every pass over the forget set (its loader repeated the batches of the first pass). Its
clamped negative gradient, which bounds losses by the probability 1/C and so has no gradient, is replaced by a cap at
log C.
Cost: `epochs` passes over the retain set, and one forget batch for every retain batch.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from unlearnkit.config.methods.search import GENERIC, Space, Uniform
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.images.proximity import squared_distance
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.optimisation import sgd, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()


class Settings(MethodSettings):
    """Settings of NegGrad+; defaults of Deep Unlearn."""

    epochs: int = Field(10, ge=1, description="passes over the retain set; Deep Unlearn")
    lr: float = Field(0.01, ge=0, description="learning rate, constant; Deep Unlearn")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; Deep Unlearn")
    weight_decay: float = Field(0.0, ge=0, description="coupled weight decay, towards 0; Deep Unlearn")
    batch_size: int = Field(256, ge=1, description="samples of each set per step; Deep Unlearn")
    alpha: float = Field(
        0.95, ge=0, le=1, description="weight of the retain loss, the forget loss has 1 - alpha; Deep Unlearn"
    )
    proximity: float = Field(
        0.0, ge=0, description="weight (lambda) of half the squared distance to the original's weights; Deep Unlearn"
    )
    forget_cap: Literal["none", "chance"] = Field(
        "none", description="bound of a forget sample's cross entropy: none, or that of chance, log C nats"
    )
    mode: Literal["eval", "train"] = Field(
        "eval", description="batch norm by the original's statistics, or by those of each batch; Deep Unlearn"
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return one pass over the retain set per epoch, and a forget batch beside each of its batches."""
        steps = epoch * -(-retain // self.batch_size)
        whole, rest = divmod(steps, -(-forget // self.batch_size))
        return epoch * retain + whole * forget + rest * self.batch_size

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's space, with alpha from 0.5, below which ascent outweighs descent and diverges."""
        return {**GENERIC, "alpha": Uniform(0.5, 1.0)}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Minimise alpha (CE on R + lambda / 2 |w - w_original|^2) - (1 - alpha) CE on F from the original's weights."""
    original, model = model, copy.deepcopy(model)
    optimizer = sgd(model, settings.lr, settings.momentum, settings.weight_decay)
    ascent = _capped_cross_entropy if settings.forget_cap == "chance" else cross_entropy
    forget_batches = data.forget.endless(settings.batch_size)
    for epoch in range(1, settings.epochs + 1):
        model.train(settings.mode == "train")
        for images, labels in data.retain.epoch(settings.batch_size):
            forget_images, forget_labels = next(forget_batches)
            descent = cross_entropy(model(images), labels)
            if settings.proximity:
                descent = descent + settings.proximity / 2 * squared_distance(model.parameters(), original.parameters())
            rise = ascent(model(forget_images), forget_labels)
            step(optimizer, settings.alpha * descent - (1 - settings.alpha) * rise)
        context.end_epoch(epoch, model)
    return model.eval()


def _capped_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean over the batch of min(-log softmax(z)_y, log C), in nats, summed over models.

    Shapes: logits [..., B, C], labels [..., B]. A sample that is predicted worse than by chance has no gradient.
    """
    losses = functional.cross_entropy(logits.flatten(0, -2).float(), labels.flatten(), reduction="none")
    return losses.clamp(max=math.log(logits.shape[-1])).sum() / labels.shape[-1]
