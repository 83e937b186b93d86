"""torchvision's ResNet-18 with its ImageNet stem: 11,181,642 parameters for ten classes on images of three channels.

A 7 x 7 convolution of stride 2 and a pooling layer come first, also for 32 x 32 images, as in Deep Unlearn, EasyDUB's
Living-17 and the challenge. The variant for small images is `resnet18_cifar`. Source: He et al. 2016
(arXiv 1512.03385).
"""

from __future__ import annotations

from torch import nn

from unlearnkit.config.methods.costs import ModelSize, halved, linear, normalised, residual_stages
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
        return 32

    def size(self, num_classes: int, image_shape: tuple[int, int, int]) -> ModelSize:
        """Return the size of its stem, of its four stages and of its classifier."""
        channels, height, width = image_shape
        stem = normalised(channels, 64, 7, halved(height), halved(width))
        stages = residual_stages((64, 128, 256, 512), halved(height, 2), halved(width, 2))
        return stem + stages + linear(512, num_classes)


def build(num_classes: int, image_shape: tuple[int, int, int], settings: Settings) -> nn.Module:
    """Return ResNet-18 with torchvision's initialisation, drawn from torch's generator."""
    return with_first_convolution(image_shape[0], num_classes, kernel=7, stride=2)


def adapter(model: nn.Module) -> Adapter:
    """Return the parts of ResNet-18: the stem, eight residual blocks (four stages of two) and the classifier."""
    return parts()
