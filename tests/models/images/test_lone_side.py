"""Up to `lone_side` batch norm refuses a batch of one image, and one pixel above it trains."""

from __future__ import annotations

import pytest
import torch

from unlearnkit import registry


@pytest.mark.parametrize("name", ["small_cnn", "resnet9", "resnet18_cifar", "resnet18", "tiny_vit"])
def test_lone_side_is_exact(name: str) -> None:
    model = registry.load("model", name)
    settings = model.Settings()
    for side, refused in ((settings.lone_side, True), (settings.lone_side + 1, False)):
        net = model.build(10, (3, side, side), settings).train()
        images = torch.zeros(1, 3, side, side)
        if refused:
            with pytest.raises(ValueError, match="more than 1 value per channel"):
                net(images)
        else:
            assert net(images).shape == (1, 10)
