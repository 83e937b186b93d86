"""SCRUB: alternating max and min distillation (Kurmanji et al. 2023).

EasyDUB's reference builds its optimiser over the teacher, so its student never moves; here the student is optimised.
Cost: `epochs` passes over the retain set, `ascent_epochs` over the forget set, and a teacher's forward pass for each.
"""

from __future__ import annotations

import copy

from pydantic import Field
from torch import nn

from unlearnkit.config.costs import FORWARD_PASS
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.batches import Samples
from unlearnkit.training.losses import cross_entropy, distillation
from unlearnkit.training.optimisation import sgd, step
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()


class Settings(MethodSettings):
    """Settings of SCRUB; defaults of Attribute-to-Delete's own, correct implementation."""

    epochs: int = Field(10, ge=1, description="passes over the retain set (E); A2D, 5 for large forget sets")
    ascent_epochs: int = Field(3, ge=0, description="first epochs with a max pass over the forget set (M); A2D")
    lr: float = Field(0.01, ge=0, description="initial learning rate; A2D")
    milestones: tuple[int, ...] = Field(
        (3, 5, 9), description="epochs after which the learning rate is multiplied by decay; A2D"
    )
    decay: float = Field(0.1, gt=0, le=1, description="factor at each milestone; A2D")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; A2D")
    weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay; A2D")
    gamma: float = Field(0.99, ge=0, description="weight of cross entropy in the min step; A2D")
    alpha: float = Field(0.1, ge=0, description="weight of distillation in the min step; A2D")
    temperature: float = Field(4.0, gt=0, description="temperature T of distillation; A2D")
    retain_batch_size: int = Field(64, ge=1, description="retain samples per step; A2D")
    forget_batch_size: int = Field(32, ge=1, description="forget samples per step; A2D")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the passes of gradient descent-ascent, and the teacher's forward pass for each."""
        return (1 + FORWARD_PASS) * (epoch * retain + min(epoch, self.ascent_epochs) * forget)


def unlearn(model: nn.Module, retain: Samples, forget: Samples, settings: Settings, context: Context) -> nn.Module:
    """Drive the student from the teacher (the original) on the forget set, and hold it there on the retain set.

    Max step: minimise -KL_T(teacher || student) on the forget set. Min step: minimise gamma CE + alpha KL_T on the
    retain set.
    """
    teacher = context.teacher(model)
    student = copy.deepcopy(model)
    optimizer = sgd(student, settings.lr, settings.momentum, settings.weight_decay)
    for epoch in range(1, settings.epochs + 1):
        optimizer.lr = settings.lr * settings.decay ** sum(epoch > milestone for milestone in settings.milestones)
        student.train()
        if epoch <= settings.ascent_epochs:
            for images, _ in forget.epoch(settings.forget_batch_size):
                step(optimizer, -distillation(student(images), teacher(images), settings.temperature))
        for images, labels in retain.epoch(settings.retain_batch_size):
            logits = student(images)
            divergence = distillation(logits, teacher(images), settings.temperature)
            step(optimizer, settings.gamma * cross_entropy(logits, labels) + settings.alpha * divergence)
        context.end_epoch(epoch, student)
    return student.eval()
