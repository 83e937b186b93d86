"""Quantisation: weights rounded to INT8 or INT4, which may undo small changes (Zhang et al. 2024, arXiv 2410.16454).

Of every tensor with two axes or more, each output channel, or each group of `group` successive weights of one, has a
scale s = max |w| / (2^(bits - 1) - 1), and w becomes s round(w / s): symmetric, to the nearest, without calibration.
Output channels lie along the first axis, or, of the Conv1D of GPT-2, along the second (`attacks.weights.channels_in`).
Embeddings are among them; biases, norms and buffers keep their values. Stored are the rounded weights as float32: what
an integer kernel would compute with. Activations stay in float32.
"""

from __future__ import annotations

import copy
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from unlearnkit.attacks.weights import channels_in
from unlearnkit.config.settings import MethodSettings
from unlearnkit.errors import TrainingError
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("image", "text")
STACKABLE = True
CHANGES = "all weights"


class Settings(MethodSettings):
    """Settings of the rounding."""

    bits: Literal[4, 8] = Field(4, description="bits of a weight: 15 or 255 levels")
    group: int | None = Field(
        None, ge=1, description="successive weights of an output channel that share a scale; null: all of the channel"
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return 0: nothing is trained."""
        return 0.0


def attack(model: nn.Module, data: Sets, settings: Settings, context: Context) -> nn.Module:
    """Return the model with rounded weights."""
    model = copy.deepcopy(model).eval()
    for name, weight in channels_in(model, len(context.generators)).items():
        # the channels of all models of a stack are channels of their own
        channels = weight if len(context.generators) == 1 else weight.flatten(0, 1)
        weight.copy_(rounded(channels, settings, name).view(weight.shape))
    return model


def rounded(channels: Tensor, settings: Settings, name: str = "a weight") -> Tensor:
    """Return weights [channels, ...] with each channel, or group of weights in it, on its own symmetric levels.

    Raises TrainingError, naming the tensor, if groups do not divide the weights of a channel.
    """
    size = settings.group or channels[0].numel()
    if channels[0].numel() % size:
        raise TrainingError(
            f"quantise.group is {size}, but a channel of {name} has {channels[0].numel()} weights",
            expected="a divisor of it, or null: one scale per channel",
        )
    levels = 2 ** (settings.bits - 1) - 1
    rows = channels.reshape(-1, size)
    # a row of zeros has any scale
    largest = rows.abs().amax(dim=1)
    scale = torch.where(largest > 0, largest, torch.ones_like(largest)) / levels
    zero = torch.zeros_like(scale, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(rows, scale, zero, 0, -levels, levels).reshape(channels.shape)
