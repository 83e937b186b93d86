"""A convolutional network for images of 8 to 32 pixels: blocks of convolution, batch norm, ReLU; pooling between."""

from __future__ import annotations

import itertools
from typing import Annotated

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.costs import ModelSize, batch_norm, convolution, linear
from unlearnkit.config.settings import ModelSettings
from unlearnkit.models.adapter import Adapter

STACK_SIZE = 1
ANY_SIDE = True


class Settings(ModelSettings):
    """Settings of the small convolutional network."""

    channels: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (16, 32, 64), min_length=1, description="output channels of the blocks"
    )

    @property
    def min_side(self) -> int:
        """Smallest height and width of an image, pixels: every pooling between two blocks halves them."""
        return 2 ** (len(self.channels) - 1)

    @property
    def lone_side(self) -> int:
        """Largest height and width at which the last block sees one pixel."""
        return 2 * self.min_side - 1

    def size(self, num_classes: int, image_shape: tuple[int, int, int]) -> ModelSize:
        """Return the size of its blocks, each on images half as wide as the one before, and of its classifier."""
        channels, height, width = image_shape
        size = linear(self.channels[-1], num_classes)
        for block, (inputs, outputs) in enumerate(itertools.pairwise((channels, *self.channels))):
            size += convolution(inputs, outputs, 3, height >> block, width >> block) + batch_norm(outputs)
        return size


def build(num_classes: int, image_shape: tuple[int, int, int], settings: Settings) -> nn.Module:
    """Return the network with PyTorch's default initialisation, drawn from torch's generator."""
    widths = (image_shape[0], *settings.channels)
    blocks: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        blocks += [_block(inputs, outputs), nn.MaxPool2d(2)]
    return nn.Sequential(*blocks[:-1], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], num_classes))


def adapter(model: nn.Module) -> Adapter:
    """Return the parts of the network: every convolution block and the classifier."""
    blocks = tuple(name for name, part in model.named_children() if isinstance(part, nn.Sequential | nn.Linear))
    return Adapter.sequential(blocks, first_layer=f"{blocks[0]}.0")


def _block(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())
