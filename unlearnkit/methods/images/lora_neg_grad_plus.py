"""NegGrad+ on a low-rank adapter of the classifier (LoRA, Hu et al. 2021, arXiv 2106.09685).

    minimise alpha CE(retain) - (1 - alpha) CE(forget) over A and B, where the classifier's weights are W + B A

The classifier's weights become W + B A. Only A and B are trained; all else stays as it is, statistics of batch norm
included. What is stored of a model is the adapter. The scale alpha / r of the paper is 1 here: the learning rate takes
its place. Cost: that of NegGrad+, `epochs` passes over the retain set and one forget batch for every retain batch, each
counted as a whole one although the backward pass ends at the classifier.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.search import GENERIC, Integers, Space, Uniform
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.models.low_rank import LowRankModel
from unlearnkit.models.parts import drawn, parameters_of
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.optimisation import sgd, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = False
NEEDS = ()
WEIGHTS = "delta"


class Settings(MethodSettings):
    """Settings of NegGrad+ on an adapter; those that NegGrad+ has as well have its defaults."""

    rank: int = Field(4, ge=1, description="rank of B A: columns of B, rows of A")
    epochs: int = Field(10, ge=1, description="passes over the retain set")
    lr: float = Field(0.01, ge=0, description="learning rate, constant")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum")
    weight_decay: float = Field(0.0, ge=0, description="coupled weight decay of A and B")
    batch_size: int = Field(256, ge=1, description="samples of each set per step")
    alpha: float = Field(0.95, ge=0, le=1, description="weight of the retain loss, the forget loss has 1 - alpha")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return one pass over the retain set per epoch, and a forget batch beside each of its batches."""
        steps = epoch * -(-retain // self.batch_size)
        whole, rest = divmod(steps, -(-forget // self.batch_size))
        return epoch * retain + whole * forget + rest * self.batch_size

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of NegGrad+, and ranks up to 8."""
        return {**GENERIC, "alpha": Uniform(0.5, 1.0), "rank": Integers(1, 8)}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Minimise alpha CE(R) - (1 - alpha) CE(F) over A and B of the classifier, in eval mode."""
    adapted = with_adapter(model, settings.rank, context)
    optimizer = sgd(adapted, settings.lr, settings.momentum, settings.weight_decay)
    forget_batches = data.forget.endless(settings.batch_size)
    for epoch in range(1, settings.epochs + 1):
        for images, labels in data.retain.epoch(settings.batch_size):
            forget_images, forget_labels = next(forget_batches)
            descent = cross_entropy(adapted(images), labels)
            ascent = cross_entropy(adapted(forget_images), forget_labels)
            step(optimizer, settings.alpha * descent - (1 - settings.alpha) * ascent)
        context.end_epoch(epoch, adapted)
    return adapted.eval()


def with_adapter(model: nn.Module, rank: int, context: Context) -> LowRankModel:
    """Return `model` with a term B A of this rank on its classifier: B is 0, A normal with variance 1 / features."""
    classifier = context.adapter.classifier
    weight = parameters_of(model, [classifier])[f"{classifier}.weight"]
    classes, features = weight.shape
    down = drawn(
        weight.new_empty(rank, features),
        context.generators,
        lambda tensor, g: tensor.normal_(0, features**-0.5, generator=g),
    )
    return LowRankModel(model, {classifier: (down, weight.new_zeros(classes, rank))})
