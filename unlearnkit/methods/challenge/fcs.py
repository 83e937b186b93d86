"""Forget-Contrast-Strengthen: flatten the forget set, push it from the retain set, repair; NeurIPS-2023 challenge.

    first: one pass over the forget set, minimise KL(uniform || softmax(z))
    for every epoch:
        contrast: for a forget and a retain batch, A and B their logits, without a gradient through B,
                  minimise the mean over all entries of -log softmax(A B^T / tau), softmax over the retain samples
        repair:   one pass over the retain set, minimise CE

A solution of the challenge on machine unlearning as in Deep Unlearn (arXiv 2410.01276). The reference's contrast
schedule rises where its last rate exceeds its first, which is refused here, and its model is returned in train mode.
Cost: `epochs` passes over the retain set and one more than that over the forget set; in the contrast rounds retain
batches beside the forget batches, counted whole although they need a forward pass only.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Mapping

from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from unlearnkit.config.methods.search import GENERIC, LR, TEMPERATURE, WEIGHT_DECAY, LogUniform, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.optimisation import scheduled_lr, sgd, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()


class Settings(MethodSettings):
    """Settings of Forget-Contrast-Strengthen; defaults of Deep Unlearn."""

    epochs: int = Field(8, ge=1, description="rounds of contrast and repair, each one pass over the retain set")
    lr: float = Field(4e-3, ge=0, description="learning rate of the repair, constant; Deep Unlearn's 1e-3 batch / 64")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum of the repair; Deep Unlearn")
    weight_decay: float = Field(1e-2, ge=0, description="coupled weight decay of the repair; Deep Unlearn")
    uniform_lr: float = Field(5e-3, ge=0, description="learning rate of the first, flattening pass; Deep Unlearn")
    uniform_momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum of the flattening pass; Deep Unlearn")
    uniform_weight_decay: float = Field(0.0, ge=0, description="weight decay of the flattening pass; Deep Unlearn")
    contrast_lr: float = Field(3e-4, ge=0, description="learning rate of the first contrast step; Deep Unlearn")
    final_contrast_lr: float = Field(
        1e-6,
        ge=0,
        description="where the cosine of the contrast rate ends, at most contrast_lr; Deep Unlearn's eta_min",
    )
    contrast_momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum of the contrast; Deep Unlearn")
    contrast_weight_decay: float = Field(0.0, ge=0, description="weight decay of the contrast; Deep Unlearn")
    temperature: float = Field(1.15, gt=0, description="divisor of the similarities, tau; Deep Unlearn")
    batch_size: int = Field(256, ge=1, description="samples of a set per step; Deep Unlearn")

    @model_validator(mode="after")
    def _contrast_rate_falls(self) -> Settings:
        if self.final_contrast_lr > self.contrast_lr:
            raise ValueError(
                f"final_contrast_lr is {self.final_contrast_lr}, above contrast_lr {self.contrast_lr}: the rate would "
                "rise; lower final_contrast_lr"
            )
        return self

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return a flattening pass over the forget set; per epoch, paired batches of both sets and a retain pass."""
        paired = self.batch_size * min(math.ceil(retain / self.batch_size), math.ceil(forget / self.batch_size))
        return forget + epoch * (min(paired, forget) + min(paired, retain) + retain)

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's space; the last contrast rate ends where the first one begins, instead of at 0.1."""
        rates = {"uniform_lr": LR, "contrast_lr": LR, "final_contrast_lr": LogUniform(1e-6, 1e-5)}
        decays = {"uniform_weight_decay": WEIGHT_DECAY, "contrast_weight_decay": WEIGHT_DECAY}
        return {**GENERIC, **rates, **decays, "temperature": TEMPERATURE}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Flatten the forget set's probabilities once; then alternate contrast against and repair on the retain set.

    In train mode throughout. The three optimisers share the weights and keep momentum of their own. The contrast pairs
    every forget batch with a batch of a new pass over the retain set, until one set ends; its rate falls in every step.
    """
    model = copy.deepcopy(model).train()
    flattening = sgd(model, settings.uniform_lr, settings.uniform_momentum, settings.uniform_weight_decay)
    contrast = sgd(model, settings.contrast_lr, settings.contrast_momentum, settings.contrast_weight_decay)
    repair = sgd(model, settings.lr, settings.momentum, settings.weight_decay)
    for images, _ in data.forget.epoch(settings.batch_size):
        step(flattening, divergence_from_uniform(model(images)))
    pairs = min(samples.batches_per_epoch(settings.batch_size) for samples in (data.forget, data.retain))
    for epoch in range(1, settings.epochs + 1):
        # the shorter set first, or the longer one would hand out a batch that has no partner
        batches = itertools.islice(data.forget.epoch(settings.batch_size), pairs)
        for (images, _), (others, _) in zip(batches, data.retain.epoch(settings.batch_size), strict=False):
            contrast.lr = contrast_rate(settings, contrast.steps, settings.epochs * pairs)
            step(contrast, contrastive(model(images), model(others).detach(), settings.temperature))
        for images, labels in data.retain.epoch(settings.batch_size):
            step(repair, cross_entropy(model(images), labels))
        context.end_epoch(epoch, model)
    return model.eval()


def divergence_from_uniform(logits: Tensor) -> Tensor:
    """Return mean over the batch of KL(uniform || softmax(z)) = -log C - mean_c log p_c, nats, summed over models.

    `logits` [..., B, C]; at least 0, and 0 where all classes are equally likely (Deep Unlearn).
    """
    log_probabilities = functional.log_softmax(logits.float(), dim=-1)
    return (-log_probabilities.mean(-1) - math.log(logits.shape[-1])).sum() / logits.shape[-2]


def contrastive(forget: Tensor, retain: Tensor, temperature: float) -> Tensor:
    """Return mean over all pairs of -log softmax(A B^T / temperature), nats, summed over models.

    A are the forget logits [..., B, C] and B the retain logits [..., B', C] of the same model; the softmax is over the
    retain samples. At least log B', reached where a forget sample is equally similar to all of them (Deep Unlearn).
    """
    similarities = forget @ retain.transpose(-2, -1) / temperature
    return -functional.log_softmax(similarities.float(), dim=-1).sum() / math.prod(similarities.shape[-2:])


def contrast_rate(settings: Settings, done: int, steps: int) -> float:
    """Return the rate of the contrast step after `done` of `steps`: last + (first - last)(1 + cos(pi done/steps))/2."""
    first, last = settings.contrast_lr, settings.final_contrast_lr
    return last + scheduled_lr("cosine", first - last, done / steps)
