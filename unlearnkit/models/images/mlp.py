"""A perceptron with ReLU between its layers, for small images.

A hundred of them trained as one batched matrix product cost 16 ms each on one core (digits, 12 epochs), against 69 ms
one by one (benchmarks/results/training.md).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.costs import NOTHING, ModelSize, linear
from unlearnkit.config.settings import ModelSettings
from unlearnkit.models.adapter import Adapter

CONVOLUTIONS = False
STACK_SIZE = 100


class Settings(ModelSettings):
    """Settings of the perceptron."""

    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (64,), min_length=1, description="widths of the hidden layers, units"
    )

    def size(self, num_classes: int, image_shape: tuple[int, int, int]) -> ModelSize:
        """Return the size of its linear layers."""
        widths = (math.prod(image_shape), *self.hidden, num_classes)
        return sum((linear(inputs, outputs) for inputs, outputs in itertools.pairwise(widths)), NOTHING)


def build(num_classes: int, image_shape: tuple[int, int, int], settings: Settings) -> nn.Module:
    """Return a perceptron with PyTorch's default initialisation, drawn from torch's generator."""
    widths = (math.prod(image_shape), *settings.hidden, num_classes)
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in itertools.pairwise(widths):
        layers += [_Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def adapter(model: nn.Module) -> Adapter:
    """Return the parts of a perceptron: every linear layer is a block."""
    linear = tuple(name for name, part in model.named_modules() if isinstance(part, nn.Linear))
    return Adapter.sequential(linear, first_layer=linear[0])


def stacked_forward(tensors: Mapping[str, Tensor], images: Tensor) -> Tensor:
    """Return logits [K, B, classes] of K perceptrons on images [K, B, C, H, W], from their stacked parameters."""
    layers = sorted({int(name.split(".")[0]) for name in tensors})
    features = images.flatten(2)
    for layer in layers:
        weight, bias = tensors[f"{layer}.weight"], tensors[f"{layer}.bias"]
        features = _batched(features, weight, bias)
        if layer != layers[-1]:
            features = features.relu()
    return features


class _Linear(nn.Linear):
    """A linear layer of one model by the product of a stack, since MKL rounds a single product differently."""

    def forward(self, input: Tensor) -> Tensor:
        """Return input [B, inputs] times the weight, plus the bias: [B, outputs]."""
        return _batched(input[None], self.weight[None], self.bias[None])[0]


def _batched(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return features [K, B, inputs] times weight [K, outputs, inputs] plus bias [K, outputs]: [K, B, outputs]."""
    return torch.baddbmm(bias[:, None], features, weight.transpose(1, 2))
