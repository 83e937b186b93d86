"""Every registered architecture: logits, parts, and the published size."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from unlearnkit import registry
from unlearnkit.models.adapter import convolution_weights, normalisation_parts
from unlearnkit.models.building import Architecture


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_resnet9_has_the_published_size() -> None:
    module = registry.load("model", "resnet9")
    # vision.md, section 8, test 7
    assert parameters(module.build(10, (3, 32, 32), module.Settings())) == 2_274_880


def test_sizes_of_the_small_models() -> None:
    mlp, cnn = registry.load("model", "mlp"), registry.load("model", "small_cnn")
    assert parameters(mlp.build(10, (1, 8, 8), mlp.Settings(hidden=(64,)))) == 64 * 64 + 64 + 64 * 10 + 10
    blocks = sum(9 * i * o + 2 * o for i, o in [(3, 16), (16, 32), (32, 64)])
    assert parameters(cnn.build(10, (3, 32, 32), cnn.Settings())) == blocks + 64 * 10 + 10


def test_depth_follows_the_settings() -> None:
    mlp = registry.load("model", "mlp")
    model = mlp.build(5, (1, 4, 4), mlp.Settings(hidden=(8, 9, 10)))
    assert [part.out_features for part in model.modules() if isinstance(part, nn.Linear)] == [8, 9, 10, 5]
    # the last layer is linear: logits of either sign
    assert not isinstance(list(model.modules())[-1], nn.ReLU)


@pytest.mark.parametrize("size", [8, 28, 32])
def test_the_convolutional_network_takes_images_of_any_data_set(size: int) -> None:
    cnn = registry.load("model", "small_cnn")
    model = cnn.build(10, (1, size, size), cnn.Settings())
    assert model(torch.zeros(2, 1, size, size)).shape == (2, 10)


SMALLEST = [("small_cnn", {"channels": (4,) * blocks}) for blocks in range(1, 6)] + [("resnet9", {})]


@pytest.mark.parametrize(("name", "settings"), SMALLEST)
def test_the_smallest_image_is_stated_exactly(name: str, settings: dict[str, tuple[int, ...]]) -> None:
    module = registry.load("model", name)
    chosen = module.Settings(**settings)
    model = module.build(7, (1, chosen.min_side, chosen.min_side), chosen)
    assert model(torch.zeros(2, 1, chosen.min_side, chosen.min_side)).shape == (2, 7)
    with pytest.raises(RuntimeError):
        model(torch.zeros(2, 1, chosen.min_side - 1, chosen.min_side))


def test_logits_have_one_column_per_class(architecture: Architecture) -> None:
    model = architecture.build(seed=0).eval()
    images = torch.rand(3, *architecture.image_shape, generator=torch.Generator().manual_seed(0))
    logits = model(images)
    assert logits.shape == (3, 7)
    assert torch.isfinite(logits).all()
    assert logits.std() > 0
    torch.testing.assert_close(logits[1:2], model(images[1:2]), rtol=1e-5, atol=1e-6)


def test_the_classifier_makes_the_logits(architecture: Architecture) -> None:
    model = architecture.build(seed=0)
    adapter = registry.load("model", architecture.name).adapter(model)
    classifier = model.get_submodule(adapter.classifier)
    assert isinstance(classifier, nn.Linear)
    assert classifier.out_features == architecture.num_classes


def test_the_first_layer_sees_the_pixels(architecture: Architecture) -> None:
    model = architecture.build(seed=0).eval()
    adapter = registry.load("model", architecture.name).adapter(model)
    seen = []
    model.get_submodule(adapter.first_layer).register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    images = torch.rand(2, *architecture.image_shape, generator=torch.Generator().manual_seed(0))
    model(images)
    assert torch.equal(seen[0].flatten(), images.flatten())


def test_blocks_cover_all_parameters_once_in_forward_order(architecture: Architecture) -> None:
    model = architecture.build(seed=0).eval()
    adapter = registry.load("model", architecture.name).adapter(model)
    held = [id(p) for block in adapter.blocks for p in model.get_submodule(block).parameters()]
    assert len(held) == len(set(held))
    assert set(held) == {id(p) for p in model.parameters()}
    called: list[str] = []
    for block in adapter.blocks:
        model.get_submodule(block).register_forward_hook(lambda *_, name=block: called.append(name))
    model(torch.zeros(2, *architecture.image_shape))
    assert tuple(called) == adapter.blocks
    assert adapter.first_layer.startswith(adapter.blocks[0])
    assert adapter.classifier == adapter.blocks[-1]


def test_parts_are_found_by_type() -> None:
    module = registry.load("model", "resnet9")
    model = module.build(10, (3, 32, 32), module.Settings())
    kernels = convolution_weights(model)
    assert len(kernels) == 8
    assert all(model.get_parameter(name).dim() == 4 for name in kernels)
    assert len(normalisation_parts(model)) == 8
    mixed = nn.Sequential(nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.InstanceNorm1d(4), nn.Linear(4, 4))
    assert normalisation_parts(mixed) == ["0", "1", "2"]


def test_resnet9_scales_its_logits() -> None:
    module = registry.load("model", "resnet9")
    plain = Architecture("resnet9", module.Settings(logit_scale=1.0), 10, (3, 32, 32)).build(seed=4).eval()
    scaled = Architecture("resnet9", module.Settings(logit_scale=0.2), 10, (3, 32, 32)).build(seed=4).eval()
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(scaled(images), 0.2 * plain(images))
