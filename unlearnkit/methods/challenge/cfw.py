"""Confuse-Finetune-Weaken: noise on the first layer, class-weighted repair, a little noise; NeurIPS-2023 challenge.

    w_1 = w_1 + noise * N(0, 1),  w_1: the first layer's weights; before the last of several epochs with `late_noise`
    minimise mean of v_y CE on the retain set, in train mode,  v_c = n / (classes * n_c),  n_c: samples of class c

A solution of the challenge on machine unlearning as in Deep Unlearn (arXiv 2410.01276). The reference multiplies the
mean loss of a batch by the mean weight of the batch, which does not weight individual samples; it reads all images for
their labels, and finds the layers to disturb by name, so that models such as TinyViT get no noise. Here every sample
has its own weight, labels cost nothing, and the architecture says which layer sees the pixels.
Cost: `epochs` passes over the retain set.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from pydantic import Field
from torch import nn

from unlearnkit.config.methods.fine_tuning import FineTuningSettings
from unlearnkit.config.methods.search import GENERIC, LogUniform, Space
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.challenge.class_weights import class_weights, weighted_cross_entropy
from unlearnkit.models.parts import drawn, parameters_of
from unlearnkit.training.optimisation import scheduled_lr, sgd, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()
PERTURBS = True


class Settings(FineTuningSettings):
    """Settings of Confuse-Finetune-Weaken; defaults of Deep Unlearn."""

    epochs: int = Field(4, ge=1, description="passes over the retain set; Deep Unlearn")
    lr: float = Field(7e-4, ge=0, description="initial learning rate, along half a cosine per epoch; Deep Unlearn")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; Deep Unlearn")
    weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay; Deep Unlearn")
    batch_size: int = Field(64, ge=1, description="retain samples per step; Deep Unlearn")
    noise: float = Field(0.6, ge=0, description="standard deviation of the first noise, as the weights; Deep Unlearn")
    late_noise: float = Field(
        0.005, ge=0, description="standard deviation of the noise before the last of several epochs; Deep Unlearn"
    )

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's space, with noise by its order of magnitude: most of 0 to 1 drowns any weight."""
        return {**GENERIC, "noise": LogUniform(1e-3, 1.0), "late_noise": LogUniform(1e-4, 0.1)}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Disturb the first layer; then minimise class-weighted CE on the retain set, disturbing it before the last epoch.

    In train mode, with weights n / (classes * count). A run of one epoch has only the first noise: nothing would
    repair the second.
    """
    model = copy.deepcopy(model)
    weights = class_weights(data.retain.labels, power=1.0)
    optimizer = sgd(model, settings.lr, settings.momentum, settings.weight_decay)
    disturb(model, settings.noise, context)
    for epoch in range(1, settings.epochs + 1):
        if epoch == settings.epochs and epoch > 1:
            disturb(model, settings.late_noise, context)
        optimizer.lr = scheduled_lr("cosine", settings.lr, (epoch - 1) / settings.epochs)
        model.train()
        for images, labels in data.retain.epoch(settings.batch_size):
            step(optimizer, weighted_cross_entropy(model(images), labels, weights))
        context.end_epoch(epoch, model)
    return model.eval()


@torch.no_grad()
def disturb(model: nn.Module, deviation: float, context: Context) -> None:
    """Add normal noise of a standard deviation to the weights, not the biases, of the layer that sees the pixels."""
    first = context.adapter.first_layer
    weight = parameters_of(model, [first])[f"{first}.weight"]
    weight += deviation * drawn(weight, context.generators, lambda noise, g: noise.normal_(generator=g))
