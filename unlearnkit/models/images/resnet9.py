"""ResNet-9 as EasyDUB uses it: 2,274,880 parameters for ten classes on 3 x 32 x 32 images."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.costs import NOTHING, ModelSize, batch_norm, convolution, linear
from unlearnkit.config.settings import ModelSettings
from unlearnkit.models.adapter import Adapter

STACK_SIZE = 1
ANY_SIDE = True


class Settings(ModelSettings):
    """Settings of ResNet-9."""

    logit_scale: float = Field(0.2, gt=0, description="constant factor on the logits; EasyDUB")

    @property
    def min_side(self) -> int:
        """Smallest height and width of an image, pixels: 11 are halved to 6 and to 3, the size of the last kernel."""
        return 11

    @property
    def lone_side(self) -> int:
        """Largest height and width at which the last block sees one pixel: a quarter, 3, less the kernel."""
        return 14

    def size(self, num_classes: int, image_shape: tuple[int, int, int]) -> ModelSize:
        """Return the size of its eight convolutions, each with batch norm, and of its classifier."""
        channels, height, width = image_shape
        half, quarter = ((height + 1) // 2, (width + 1) // 2), ((height + 1) // 4, (width + 1) // 4)
        blocks = [
            (channels, 64, 3, height, width),
            (64, 128, 5, *half),
            (128, 128, 3, *half),
            (128, 128, 3, *half),
            (128, 256, 3, *half),
            (256, 256, 3, *quarter),
            (256, 256, 3, *quarter),
            (256, 128, 3, quarter[0] - 2, quarter[1] - 2),
        ]
        parts = (convolution(*block) + batch_norm(block[1]) for block in blocks)
        return sum(parts, NOTHING) + linear(128, num_classes, bias=False)


class Residual(nn.Module):
    """x + body(x), with nothing after the addition."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, images: Tensor) -> Tensor:
        """Return images + body(images), both [B, C, H, W]."""
        return images + self.body(images)


class Scale(nn.Module):
    """Multiplication by a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, logits: Tensor) -> Tensor:
        """Return factor * logits."""
        return logits * self.factor


def build(num_classes: int, image_shape: tuple[int, int, int], settings: Settings) -> nn.Module:
    """Return ResNet-9 with PyTorch's default initialisation, drawn from torch's generator."""
    return nn.Sequential(
        _block(image_shape[0], 64, 3, 1, 1),
        _block(64, 128, 5, 2, 2),
        Residual(nn.Sequential(_block(128, 128, 3, 1, 1), _block(128, 128, 3, 1, 1))),
        _block(128, 256, 3, 1, 1),
        nn.MaxPool2d(2),
        Residual(nn.Sequential(_block(256, 256, 3, 1, 1), _block(256, 256, 3, 1, 1))),
        _block(256, 128, 3, 1, 0),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(128, num_classes, bias=False),
        Scale(settings.logit_scale),
    )


def adapter(model: nn.Module) -> Adapter:
    """Return the parts of ResNet-9: every block with weights, in forward order."""
    blocks = tuple(name for name, part in model.named_children() if any(True for _ in part.parameters()))
    return Adapter.sequential(blocks, first_layer=f"{blocks[0]}.0")


def _block(inputs: int, outputs: int, kernel: int, stride: int, padding: int) -> nn.Module:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())
