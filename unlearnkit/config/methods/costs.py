"""What plug-ins state about their cost, in plain numbers: sample passes, and the size of a model.

Models state their size by formula, and are not built without memory and counted: `unlearnkit plan` would have to import
torch, and for language models transformers, which takes longer than the plan. A test compares both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_FLOAT, _INTEGER = 4, 8
"""Bytes of a float32 and of an int64."""


@dataclass(frozen=True)
class ModelSize:
    """What a model, or a part of one, has: parameters, bytes of its state, multiply-adds of a forward pass per image.

    The state is what a weight file holds: parameters and buffers. Sizes of parts are added with `+` and
    repeated with `* count`.
    """

    parameters: int
    state_bytes: int
    multiply_adds: int

    def __add__(self, other: ModelSize) -> ModelSize:
        return ModelSize(
            self.parameters + other.parameters,
            self.state_bytes + other.state_bytes,
            self.multiply_adds + other.multiply_adds,
        )

    def __mul__(self, count: int) -> ModelSize:
        return ModelSize(self.parameters * count, self.state_bytes * count, self.multiply_adds * count)


NOTHING = ModelSize(0, 0, 0)
"""The size of a part without weights: `sum(parts, NOTHING)`."""


def halved(side: int, times: int = 1) -> int:
    """Return a side, pixels, after so many strides of two, each of which rounds up."""
    return -(-side // 2**times)


def linear(inputs: int, outputs: int, *, bias: bool = True, places: int = 1) -> ModelSize:
    """Return the size of a linear layer from `inputs` to `outputs` features, applied at so many places of an image."""
    parameters = (inputs + bias) * outputs
    return ModelSize(parameters, _FLOAT * parameters, inputs * outputs * places)


def convolution(inputs: int, outputs: int, kernel: int, height: int, width: int, *, groups: int = 1) -> ModelSize:
    """Return the size of a square convolution without bias, from `inputs` to `outputs` channels of height x width."""
    parameters = inputs // groups * outputs * kernel**2
    return ModelSize(parameters, _FLOAT * parameters, parameters * height * width)


def batch_norm(channels: int) -> ModelSize:
    """Return the size of a batch norm: scale, shift, running mean and variance, and the count of its batches."""
    return ModelSize(2 * channels, 4 * channels * _FLOAT + _INTEGER, 0)


def layer_norm(features: int) -> ModelSize:
    """Return the size of a layer norm: scale and shift."""
    return ModelSize(2 * features, 2 * features * _FLOAT, 0)


def normalised(inputs: int, outputs: int, kernel: int, height: int, width: int, *, groups: int = 1) -> ModelSize:
    """Return the size of a convolution without bias and of the batch norm after it."""
    return convolution(inputs, outputs, kernel, height, width, groups=groups) + batch_norm(outputs)


def residual_stages(widths: Sequence[int], height: int, width: int) -> ModelSize:
    """Return the size of a ResNet's stages of two blocks of two 3 x 3 convolutions, from features of the first width.

    Every stage but the first halves the sides and has a 1 x 1 convolution beside its first block.
    """
    size, inputs = NOTHING, widths[0]
    for number, outputs in enumerate(widths):
        sides = halved(height, number), halved(width, number)
        size += normalised(inputs, outputs, 3, *sides) + normalised(outputs, outputs, 3, *sides) * 3
        if number > 0:
            size += normalised(inputs, outputs, 1, *sides)
        inputs = outputs
    return size
