"""Masked Small Gradients: fresh convolution weights where forgetting hardly pulls, slow others; NeurIPS-2023 challenge.

    g = gradient of CE(as many random retain samples as the forget set has) - CE(forget) at w_0, in eval mode
    in every convolution: redraw the fraction `redrawn` of smallest |g| from N(0, 2 / fan-out)
    minimise CE on the retain set, in train mode; the convolutions' other weights take `slow` times the step

A solution of the challenge on machine unlearning as in Deep Unlearn (arXiv 2410.01276). The reference weights the two
sets by their numbers of batches, ranks in train mode, which moves batch norm's statistics towards the forget set,
redraws the biases of convolutions, gives slow weights full weight decay, and returns its masked layers. Here both sets
count by sample, in eval mode; biases stay; weight decay is slowed too; no masked layers are left behind.
Cost: `epochs` passes over the retain set, one over the forget set and as many retain samples again.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.search import GENERIC, UNIT, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.ranking import lowest
from unlearnkit.models.adapter import convolution_weights
from unlearnkit.models.parts import drawn, parameters_of
from unlearnkit.training import optimisation
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

# a rank would turn the rounding of a stacked convolution into another choice of weights
STACKABLE = False
NEEDS = ("convolutions",)
PERTURBS = True


class Settings(MethodSettings):
    """Settings of Masked Small Gradients; defaults of Deep Unlearn."""

    epochs: int = Field(5, ge=1, description="passes over the retain set; Deep Unlearn")
    lr: float = Field(1e-3, ge=0, description="highest learning rate, reached in the middle; Deep Unlearn")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; Deep Unlearn")
    weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay; Deep Unlearn")
    batch_size: int = Field(64, ge=1, description="samples per step, and per batch of the gradients; Deep Unlearn")
    redrawn: float = Field(
        0.3, ge=0, le=1, description="fraction of every convolution's weights that is redrawn, rho; Deep Unlearn"
    )
    slow: float = Field(0.1, ge=0, le=1, description="factor on the steps of the other weights; Deep Unlearn")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the gradients of the forget set and of as many retain samples, and a retain pass per epoch."""
        return forget + min(forget, retain) + epoch * retain

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's space."""
        return {**GENERIC, "redrawn": UNIT}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Redraw the weights of small gradient in every convolution; then fine-tune, the other kernels slowly.

    The gradient is that of CE(retain) - CE(forget) at the original, in eval mode, each a mean over samples; the retain
    samples are as many as the forget set has, chosen at random.
    """
    model = copy.deepcopy(model)
    kernels = {name: parameters_of(model)[name] for name in convolution_weights(model)}
    few = data.retain.part(min(len(data.retain), len(data.forget)), context.generators)
    accumulate(model, few, data.forget, settings.batch_size)
    chosen = {name: smallest(kernel, settings.redrawn) for name, kernel in kernels.items()}
    redraw(kernels, chosen, context)
    multipliers = {name: torch.where(mask, 1.0, settings.slow) for name, mask in chosen.items()}
    # the multiplier applies to the weight decay as well, so the optimiser has none for kernels
    decay = settings.weight_decay
    optimizer = optimisation.SGD(model.parameters(), 0.0, settings.momentum, decay, undecayed=kernels.values())
    with slowed(kernels, multipliers, decay):
        for epoch in range(1, settings.epochs + 1):
            optimizer.lr = settings.lr * triangle(epoch, settings.epochs)
            model.train()
            for images, labels in data.retain.epoch(settings.batch_size):
                optimisation.step(optimizer, cross_entropy(model(images), labels))
            context.end_epoch(epoch, model)
    return model.eval()


def accumulate(model: nn.Module, retain: Samples, forget: Samples, batch_size: int) -> None:
    """Leave the gradient of CE(retain) - CE(forget) in the parameters' `grad`, each a mean over its samples.

    The model is left in eval mode, so that its statistics stay and batches do not matter (Deep Unlearn, corrected).
    """
    model.eval()
    for samples, sign in ((retain, 1.0), (forget, -1.0)):
        for images, labels in samples.epoch(batch_size):
            share = labels.shape[-1] / len(samples)
            (sign * share * cross_entropy(model(images), labels)).backward()


def smallest(kernel: nn.Parameter, fraction: float) -> Tensor:
    """Return where the `fraction` of weights with the smallest |gradient| is, a mask of the kernel's shape.

    round(fraction * n) of n weights (Deep Unlearn).
    """
    assert kernel.grad is not None
    (mask,) = lowest([kernel.grad.abs()], 1, lambda weights: round(fraction * weights))
    return mask


@torch.no_grad()
def redraw(kernels: Mapping[str, nn.Parameter], chosen: Mapping[str, Tensor], context: Context) -> None:
    """Give the chosen weights normal values of variance 2 / fan-out, by the context's generators (He et al. 2015)."""
    for name, kernel in kernels.items():
        fresh = drawn(
            kernel, context.generators, lambda tensor, g: nn.init.kaiming_normal_(tensor, 0.0, "fan_out", "relu", g)
        )
        kernel.copy_(torch.where(chosen[name], fresh, kernel))


@contextmanager
def slowed(
    kernels: Mapping[str, nn.Parameter], multipliers: Mapping[str, Tensor], weight_decay: float
) -> Iterator[None]:
    """Let the kernels' gradients be multiplier * (gradient + weight_decay * w) until the end of the block."""

    def hook(kernel: nn.Parameter, multiplier: Tensor) -> torch.utils.hooks.RemovableHandle:
        return kernel.register_hook(lambda gradient: multiplier * (gradient + weight_decay * kernel.detach()))

    handles = [hook(kernel, multipliers[name]) for name, kernel in kernels.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def triangle(epoch: int, epochs: int) -> float:
    """Return the factor on the rate in epoch 1, 2, ...: rising to 1 in epoch a = ceil(E / 2), then falling.

    epoch / a up to a, (E + 1 - epoch) / (E + 1 - a) after; above 0 in every epoch (Deep Unlearn).
    """
    top = (epochs + 1) // 2
    return epoch / top if epoch <= top else (epochs + 1 - epoch) / (epochs + 1 - top)
