"""Bad teacher: a competent teacher on the retain set, a random one on the forget set (Chundawat et al. 2023).

    minimise mean over the batch of KL(softmax(z_t / T) || softmax(z / T)), both sets shuffled together, by Adam
    t = original for a retain sample, a new model for a forget sample;  times T^2 with `temperature_squared`

Deep Unlearn's code uses a ResNet-18 as the random teacher whatever the model, and averages the divergence over
classes as well. Here the random teacher has the model's architecture and the divergence is the mean over the batch.
Cost: `epochs` passes over the forget set and the drawn part of the retain set, and both teachers' forward pass for
each.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from pydantic import Field
from torch import nn

from unlearnkit.config.methods.search import GENERIC, TEMPERATURE, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples, mixed_epoch
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.training.images.losses import distillation
from unlearnkit.training.optimisation import adam, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()


class Settings(MethodSettings):
    """Settings of bad teacher; defaults of Deep Unlearn."""

    epochs: int = Field(10, ge=1, description="passes over the forget set and the drawn retain samples; Deep Unlearn")
    lr: float = Field(0.01, ge=0, description="learning rate of Adam, constant; Deep Unlearn")
    momentum: float = Field(0.9, ge=0, lt=1, description="Adam's decay of the mean gradient; its authors' default")
    weight_decay: float = Field(0.0, ge=0, description="coupled weight decay; Deep Unlearn")
    batch_size: int = Field(256, ge=1, description="samples of both sets per step; Deep Unlearn")
    temperature: float = Field(1.0, gt=0, description="temperature of teachers and student; Deep Unlearn")
    temperature_squared: bool = Field(
        False, description="whether the divergence is multiplied by the squared temperature; Deep Unlearn does not"
    )
    retain_fraction: float = Field(
        1.0, gt=0, le=1, description="part of the retain set, drawn once per run; Deep Unlearn, its source takes 0.3"
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the passes over the forget set and the drawn retain samples, and both teachers' for each."""
        return (1 + 2 * FORWARD_PASS) * epoch * (self.drawn_samples(retain) + forget)

    def drawn_samples(self, retain: int) -> int:
        """Return how many of `retain` samples a run draws, at least one."""
        return max(1, round(self.retain_fraction * retain))

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's space."""
        return {**GENERIC, "temperature": TEMPERATURE}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Minimise KL(teacher || student), mean over the batch, from the original's weights, in train mode.

    The teacher of a retain sample is the original, that of a forget sample a newly initialised model; both are frozen
    and in eval mode. No label is read.
    """
    competent, random = context.reference(), context.teacher(context.fresh())
    student = copy.deepcopy(model)
    optimizer = adam(student, settings.lr, settings.momentum, settings.weight_decay)
    few = data.retain.part(settings.drawn_samples(len(data.retain)), context.generators)
    # `distillation` carries the squared temperature
    factor = 1.0 if settings.temperature_squared else settings.temperature**-2
    for epoch in range(1, settings.epochs + 1):
        student.train()
        for images, _, is_forget in mixed_epoch(few, data.forget, settings.batch_size):
            target = torch.where(is_forget.unsqueeze(-1), random(images), competent(images))
            step(optimizer, factor * distillation(student(images), target, settings.temperature))
        context.end_epoch(epoch, student)
    return student.eval()
