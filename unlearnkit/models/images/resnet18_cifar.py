"""ResNet-18 for 32 x 32 images: 11,173,962 parameters for ten classes on images of three channels.

torchvision's ResNet-18 with a 3 x 3 convolution of stride 1 as its stem and no pooling after it. Source: He et al. 2016
(arXiv 1512.03385).
"""

from __future__ import annotations

from torch import nn

from unlearnkit.config.methods.costs import ModelSize, linear, normalised, residual_stages
from unlearnkit.config.settings import ModelSettings
from unlearnkit.models.adapter import Adapter
from unlearnkit.models.images.torchvision_resnet import parts, with_first_convolution

STACK_SIZE = 1
ANY_SIDE = True


class Settings(ModelSettings):
    """ResNet-18 has no settings."""

    @property
    def lone_side(self) -> int:
        """Largest height and width at which the last stage sees one pixel."""
        return 8

    def size(self, num_classes: int, image_shape: tuple[int, int, int]) -> ModelSize:
        """Return the size of its stem, of its four stages and of its classifier."""
        channels, height, width = image_shape
        stem = normalised(channels, 64, 3, height, width)
        stages = residual_stages((64, 128, 256, 512), height, width)
        return stem + stages + linear(512, num_classes)


def build(num_classes: int, image_shape: tuple[int, int, int], settings: Settings) -> nn.Module:
    """Return ResNet-18 with torchvision's initialisation, drawn from torch's generator."""
    model = with_first_convolution(image_shape[0], num_classes, kernel=3, stride=1)
    model.maxpool = nn.Identity()  # pyright: ignore[reportAttributeAccessIssue]
    return model


def adapter(model: nn.Module) -> Adapter:
    """Return the parts of ResNet-18, named as with the ImageNet stem."""
    return parts()
