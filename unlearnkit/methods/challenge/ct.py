"""Convolution transpose: swap the two axes of every kernel, then repair on the retain set.

    in every convolution: exchange w[i, j] and w[j, i] of each kernel
    minimise CE on the retain set, in train mode

Source: a solution of the NeurIPS-2023 unlearning challenge, as Deep Unlearn (arXiv 2410.01276) has it.
The reference replaces each kernel by a new, non-contiguous tensor, so that an optimiser that holds the old one has no
effect; here values are exchanged in place, and the memory layout stays. It assumes square kernels; here others are left
as they are, with a warning, and a model with nothing to transpose is refused.
Cost: `epochs` passes over the retain set.
"""

from __future__ import annotations

import copy
import warnings

import torch
from pydantic import Field
from torch import nn

from unlearnkit.config.methods.fine_tuning import FineTuningSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.errors import TrainingError
from unlearnkit.methods.descent import descend
from unlearnkit.models.adapter import convolution_weights
from unlearnkit.models.parts import parameters_of
from unlearnkit.models.stack import Stack
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ("convolutions",)
PERTURBS = True


class Settings(FineTuningSettings):
    """Settings of convolution transpose; defaults of Deep Unlearn."""

    epochs: int = Field(3, ge=1, description="passes over the retain set; Deep Unlearn")
    lr: float = Field(1e-3, ge=0, description="initial learning rate, to 0 along a cosine over epochs; Deep Unlearn")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; Deep Unlearn")
    weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay; Deep Unlearn")
    batch_size: int = Field(64, ge=1, description="retain samples per step; Deep Unlearn")


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Transpose the kernels, then minimise cross entropy on the retain set in train mode."""
    model = copy.deepcopy(model)
    transpose(model)
    return descend(model, data.retain, settings, context, schedule="cosine")


@torch.no_grad()
def transpose(model: nn.Module) -> None:
    """Exchange w[..., i, j] and w[..., j, i] of all square kernels in place; twice is the identity.

    `model` may be a stack. Warns of kernels that are not square, which stay; raises TrainingError if none is square and
    wider than one pixel.
    """
    weights, axes = parameters_of(model), 5 if isinstance(model, Stack) else 4
    kernels = {name: weights[name] for name in convolution_weights(model)}
    square = {name: k for name, k in kernels.items() if k.ndim == axes and k.shape[-1] == k.shape[-2]}
    if all(kernel.shape[-1] == 1 for kernel in square.values()):
        raise TrainingError(
            "no kernel of the model changes when it is transposed",
            expected="a convolution with a square kernel wider than one pixel",
            remedy="choose another model, or fine_tune, which is what would be left",
        )
    if left := sorted(kernels.keys() - square.keys()):
        warnings.warn(f"not square, so not transposed: {', '.join(left)}", stacklevel=2)
    for kernel in square.values():
        kernel.copy_(kernel.transpose(-1, -2).clone())
