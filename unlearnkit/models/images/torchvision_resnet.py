"""What the variants of torchvision's ResNet-18 have in common: its construction and its parts."""

from __future__ import annotations

from torch import nn
from torchvision.models.resnet import ResNet, resnet18

from unlearnkit.models.adapter import Adapter


def with_first_convolution(channels: int, num_classes: int, kernel: int, stride: int) -> ResNet:
    """Return ResNet-18 with torchvision's initialisation and a first convolution of this size."""
    model = resnet18(num_classes=num_classes)
    model.conv1 = nn.Conv2d(channels, 64, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
    return model


def parts() -> Adapter:
    """Return the parts of ResNet-18: the stem, eight residual blocks (four stages of two) and the classifier."""
    first, last = ("conv1", "bn1"), ("fc",)
    stages = [f"layer{number}" for number in range(1, 5)]
    return Adapter(
        classifier="fc",
        first_layer="conv1",
        blocks=(first, *((f"{stage}.{place}",) for stage in stages for place in range(2)), last),
        stages=(first, *((stage,) for stage in stages), last),
    )
