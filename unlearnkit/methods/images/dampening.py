"""Importance of weights for a set of samples, and the dampening of those that matter to the forget set most."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from unlearnkit.config.methods.dampening import DampeningSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

Objective = Callable[[Tensor, Tensor], Tensor]
"""Logits [B, classes] and labels [B] -> the mean over the batch of what importance is about."""

Importance = dict[str, Tensor]
"""By parameter, in its shape; at least 0."""

GRADIENTS_AT_ONCE = 2**26
"""Values of single samples' gradients that are held at once: 256 MB, 29 samples of ResNet-9."""


def dampened(
    model: nn.Module,
    data: Sets[Samples],
    settings: DampeningSettings,
    context: Context,
    objective: Objective,
    size: Callable[[Tensor], Tensor],
) -> nn.Module:
    """Return the original, in eval mode, with the weights that the forget set needs most made smaller.

    Importance is the mean of `size` (an elementwise function, at least 0) of the gradient of `objective`, over samples
    or batches. That for D = R and F is the mean of both sets', each weighted by its number of them.
    """
    model = copy.deepcopy(model).eval()
    for_retain, others = importance(model, data.retain, settings, context, objective, size)
    for_forget, forgotten = importance(model, data.forget, settings, context, objective, size)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            for_all = (others * for_retain[name] + forgotten * for_forget[name]) / (others + forgotten)
            weight.mul_(factor(for_all, for_forget[name], settings.selection, settings.dampening))
    return model


def importance(
    model: nn.Module,
    samples: Samples,
    settings: DampeningSettings,
    context: Context,
    objective: Objective,
    size: Callable[[Tensor], Tensor],
) -> tuple[Importance, int]:
    """Return the importance of every parameter for `samples`, and over how many gradients it is the mean."""
    total = {name: torch.zeros_like(weight) for name, weight in model.named_parameters()}
    count, at_once = 0, max(1, GRADIENTS_AT_ONCE // sum(weight.numel() for weight in total.values()))
    for images, labels in samples.unshuffled(settings.batch_size):
        length = len(labels) if settings.gradients == "batch" else at_once
        for part in zip(images.split(length), labels.split(length), strict=True):
            gradients = gradients_of(model, *part, objective, settings.gradients)
            for name, gradient in gradients.items():
                total[name] += size(gradient).sum(0)
            count += len(next(iter(gradients.values())))
        context.count(len(labels))
    return {name: summed / count for name, summed in total.items()}, count


def gradients_of(
    model: nn.Module, images: Tensor, labels: Tensor, objective: Objective, of: Literal["sample", "batch"]
) -> Mapping[str, Tensor]:
    """Return the gradients [B, ...] of every sample, or [1, ...] of the batch, by parameter.

    Shapes: images [B, C, H, W], labels [B].
    """
    weights = {name: parameter.detach() for name, parameter in model.named_parameters()}
    groups = (images[:, None], labels[:, None]) if of == "sample" else (images[None], labels[None])

    def value(weights: dict[str, Tensor], own_images: Tensor, own_labels: Tensor) -> Tensor:
        return objective(functional_call(model, weights, (own_images,)), own_labels)

    return vmap(grad(value), in_dims=(None, 0, 0))(weights, *groups)


def factor(for_all: Tensor, for_forget: Tensor, selection: float, dampening: float) -> Tensor:
    """Return min(lambda I_D / I_F, 1) where I_F > alpha I_D, and 1 elsewhere; elementwise, in [0, 1]."""
    chosen = for_forget > selection * for_all
    return torch.where(chosen, (dampening * for_all / for_forget).clamp(max=1.0), torch.ones_like(for_all))
