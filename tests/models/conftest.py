"""Every registered architecture for images, at the smallest size that it works at."""

from __future__ import annotations

import pytest
from image_models import IMAGE_MODELS, small_settings

from unlearnkit.models.building import Architecture

SHAPES = {
    "mlp": (1, 8, 8),
    "small_cnn": (1, 8, 8),
    "resnet18_cifar": (3, 16, 16),
    "vit_b": (3, 8, 12),
    "swin_t": (3, 8, 8),
}
"""Channels, height, width; other architectures get CIFAR-10's."""


@pytest.fixture(params=IMAGE_MODELS)
def architecture(request: pytest.FixtureRequest) -> Architecture:
    """One of the registered architectures for images, with seven classes, as small as it works."""
    settings = small_settings(request.param)
    return Architecture(request.param, settings, num_classes=7, sample_shape=SHAPES.get(request.param, (3, 32, 32)))
