"""Fresh ends and distillation: reset the first and the last layer, warm up on the teacher's outputs, then repair.

    redraw the first layer and the classifier
    KL_T = T^2 * mean over the batch of KL(softmax(z_t / T) || softmax(z / T)),  t = original
    warm-up: minimise KL_T on a random part of the retain set, without labels
    then: minimise CE + 2 KL_T on the retain set, in train mode

Source: a solution of the NeurIPS-2023 unlearning challenge, as Deep Unlearn (arXiv 2410.01276) has it. The teacher
is the original. What differs from the reference:
- It warms up on validation samples, which are then no longer unseen; here the warm-up uses a part of the retain set,
  without its labels. `warmup_set: validation` is the reference.
- It omits the factor T^2, so that distillation all but vanishes beside the cross entropy at its T of 5.
  `temperature_squared: false` is the reference.
- It looks for a layer called conv1, which TinyViT and ResNet-9 lack; here the architecture names its first layer.
Cost: `epochs` passes over the retain set, `warmup_epochs` over a part of it, a teacher's forward pass for each.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.search import GENERIC, LR, TEMPERATURE, WEIGHT_DECAY, Integers, Space, most_epochs
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.errors import TrainingError
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.models.parts import reset
from unlearnkit.training.images.losses import cross_entropy, distillation
from unlearnkit.training.optimisation import scheduled_lr, sgd, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()
VIEWS = ("validation",)
PERTURBS = True


class Settings(MethodSettings):
    """Settings of fresh ends and distillation; defaults of Deep Unlearn."""

    epochs: int = Field(3, ge=1, description="passes over the retain set, after the warm-up; Deep Unlearn")
    warmup_epochs: int = Field(3, ge=0, description="passes over the samples of the warm-up; Deep Unlearn")
    warmup_set: Literal["retain", "validation"] = Field(
        "retain", description="where the samples of the warm-up are from; Deep Unlearn: validation"
    )
    warmup_share: float = Field(
        0.2,
        gt=0,
        le=1,
        description="size of the warm-up set over that of the retain set; Deep Unlearn's ratio",
    )
    warmup_lr: float = Field(9e-4, ge=0, description="learning rate of the warm-up, constant; Deep Unlearn")
    warmup_weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay of the warm-up; Deep Unlearn")
    lr: float = Field(1e-3, ge=0, description="initial learning rate, to 0 along a cosine over epochs; Deep Unlearn")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum of both; Deep Unlearn")
    weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay; Deep Unlearn")
    temperature: float = Field(5.0, gt=0, description="temperature T of distillation; Deep Unlearn")
    temperature_squared: bool = Field(
        True, description="whether distillation has the factor T^2 (Hinton et al. 2015); Deep Unlearn: false"
    )
    batch_size: int = Field(64, ge=1, description="samples per step; Deep Unlearn")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the warm-up and one pass over the retain set per epoch, with the teacher's forward pass for each."""
        return (1 + FORWARD_PASS) * (self.warmup_epochs * self.warmup_samples(retain) + epoch * retain)

    def warmup_samples(self, retain: int) -> int:
        """Return the size of the warm-up set for a retain set of `retain` samples: two at least, for batch norm."""
        return max(2, round(self.warmup_share * retain))

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return what Deep Unlearn searches, without the momenta, its bound on epochs for both phases together."""
        left = Integers(0, lambda known: most_epochs(known) - known["epochs"])
        warmup = {"warmup_epochs": left, "warmup_lr": LR, "warmup_weight_decay": WEIGHT_DECAY}
        return {**GENERIC, **warmup, "temperature": TEMPERATURE}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Reset both ends; minimise KL_T(teacher || student) on the warm-up; then CE + 2 KL_T on the retain set.

    The reference adds cross entropy with the teacher's probabilities to KL_T. The two differ by the teacher's entropy,
    which has no gradient, hence the 2.
    """
    teacher = context.reference()
    student = copy.deepcopy(model)
    reset(student, context.fresh(), (context.adapter.first_layer, context.adapter.classifier))
    scale = 1.0 if settings.temperature_squared else settings.temperature**-2

    def divergence(logits: Tensor, images: Tensor) -> Tensor:
        return scale * distillation(logits, teacher(images), settings.temperature)

    student.train()
    samples = _warmup(data, settings, context)
    optimizer = sgd(student, settings.warmup_lr, settings.momentum, settings.warmup_weight_decay)
    for _ in range(settings.warmup_epochs):
        for images, _ in samples.epoch(settings.batch_size):
            step(optimizer, divergence(student(images), images))
    optimizer = sgd(student, settings.lr, settings.momentum, settings.weight_decay)
    for epoch in range(1, settings.epochs + 1):
        optimizer.lr = scheduled_lr("cosine", settings.lr, (epoch - 1) / settings.epochs)
        student.train()
        for images, labels in data.retain.epoch(settings.batch_size):
            logits = student(images)
            step(optimizer, cross_entropy(logits, labels) + 2 * divergence(logits, images))
        context.end_epoch(epoch, student)
    return student.eval()


def _warmup(data: Sets[Samples], settings: Settings, context: Context) -> Samples:
    """Return the samples of the warm-up, drawn for every model; raises TrainingError if there are too few of them."""
    retain = len(data.retain)
    source = data.retain if settings.warmup_set == "retain" else data.validation
    count = settings.warmup_samples(retain)
    if count > len(source):
        raise TrainingError(
            f"kde warms up on {count} validation samples (warmup_share {settings.warmup_share} of {retain} retain "
            f"samples), but there are {len(source)}",
            remedy=f"lower warmup_share to {len(source) / retain:.3g} or less, or set warmup_set to retain",
        )
    return source.part(count, context.generators)
