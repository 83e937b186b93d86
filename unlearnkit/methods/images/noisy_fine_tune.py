"""Fine-tuning on the retain set with clipped gradients and Gaussian noise (Attribute-to-Delete's gradient descent).

    g = gradient of CE on a retain batch, in train mode;  g = g min(1, clip / |g|)
    w = w + noise * N(0, 1), or g = g + noise * N(0, 1) with `noise_on: gradients`;  then a step along g

Attribute-to-Delete (arXiv 2410.23232) adds the noise to the weights before every step; noise on the clipped gradient is
that of noisy descent. The gradient is the mean of a batch and clipped as one, so no guarantee of differential privacy
follows. Cost: `epochs` passes over the retain set.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.fine_tuning import FineTuningSettings
from unlearnkit.config.methods.search import GENERIC, LogUniform, Space
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.descent import descend
from unlearnkit.models.parts import drawn
from unlearnkit.training.optimisation import Optimizer
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()
PERTURBS = True


class Settings(FineTuningSettings):
    """Settings of noisy fine-tuning; defaults of Attribute-to-Delete, which are those without clip and noise."""

    epochs: int = Field(3, ge=1, description="passes over the retain set; A2D")
    lr: float = Field(1e-4, ge=0, description="learning rate, constant; A2D")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; A2D")
    weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay; A2D")
    batch_size: int = Field(64, ge=1, description="retain samples per step; A2D")
    clip: float | None = Field(
        None, gt=0, description="largest Euclidean norm of a model's gradient (C), null: any; A2D: null"
    )
    noise: float = Field(0.0, ge=0, description="standard deviation sigma, per weight and step; A2D: 0")
    noise_on: Literal["parameters", "gradients"] = Field(
        "parameters", description="what the noise is added to in every step, before it is taken; A2D: parameters"
    )

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's generic space, and a range of noise."""
        return {**GENERIC, "noise": LogUniform(1e-5, 1e-1)}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Minimise cross entropy on the retain set by noisy steps from the original's weights, in train mode."""

    def take_step(optimizer: Optimizer, loss: Tensor) -> None:
        noisy_step(optimizer, loss, settings, context.generators)

    return descend(copy.deepcopy(model), data.retain, settings, context, take_step=take_step)


def noisy_step(optimizer: Optimizer, loss: Tensor, settings: Settings, generators: Sequence[torch.Generator]) -> None:
    """Clip the gradient g of every model to g min(1, C / |g|), add sigma * N(0, 1) to it or the weights, and step."""
    weights = optimizer.parameters
    gradients = torch.autograd.grad(loss, weights)
    if settings.clip is not None:
        clip(gradients, settings.clip, len(generators))
    if settings.noise:
        add_noise(weights if settings.noise_on == "parameters" else gradients, settings.noise, generators)
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.grad = gradient
    optimizer.step()


def clip(gradients: Sequence[Tensor], largest: float, models: int) -> None:
    """Scale gradients in place so that the norm over all of them is at most `largest`, for each of the models alone.

    With several models the first axis of a gradient is the model.
    """
    for number in range(models):
        of_model = [gradient[number] if models > 1 else gradient for gradient in gradients]
        norm = torch.stack([gradient.square().sum() for gradient in of_model]).sum().sqrt()
        for gradient in of_model:
            gradient.mul_((largest / norm).clamp(max=1.0))


@torch.no_grad()
def add_noise(tensors: Iterable[Tensor], deviation: float, generators: Sequence[torch.Generator]) -> None:
    """Add Gaussian noise of a standard deviation in place, each model's from its own generator."""
    for tensor in tensors:
        noise = drawn(tensor, generators, lambda empty, generator: empty.normal_(generator=generator))
        tensor.add_(noise, alpha=deviation)
