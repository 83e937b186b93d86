"""What plug-ins state about their cost, in plain numbers: sample passes, and the size of a model."""

from __future__ import annotations

from dataclasses import dataclass

FORWARD_PASS = 1 / 3
"""Cost of a forward pass in sample passes: a backward pass costs about two of them."""

_FLOAT, _INTEGER = 4, 8
"""Bytes of a float32 and of an int64."""


@dataclass(frozen=True)
class ModelSize:
    """What a model, or a part of one, has: parameters, bytes of its state, multiply-adds of a forward pass per image.

    The state is what a weight file holds: parameters and buffers. Sizes of parts are added with `+`.
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


NOTHING = ModelSize(0, 0, 0)
"""The size of a part without weights: `sum(parts, NOTHING)`."""


def linear(inputs: int, outputs: int, *, bias: bool = True) -> ModelSize:
    """Return the size of a linear layer from `inputs` to `outputs` features."""
    parameters = (inputs + bias) * outputs
    return ModelSize(parameters, _FLOAT * parameters, inputs * outputs)


def convolution(inputs: int, outputs: int, kernel: int, height: int, width: int) -> ModelSize:
    """Return the size of a square convolution without bias, from `inputs` to `outputs` channels of height x width."""
    parameters = inputs * outputs * kernel**2
    return ModelSize(parameters, _FLOAT * parameters, parameters * height * width)


def batch_norm(channels: int) -> ModelSize:
    """Return the size of a batch norm: scale, shift, running mean and variance, and the count of its batches."""
    return ModelSize(2 * channels, 4 * channels * _FLOAT + _INTEGER, 0)
