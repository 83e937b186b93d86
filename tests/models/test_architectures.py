"""Every registered architecture: logits, parts, and the published size."""

from __future__ import annotations

import pytest
import torch
from image_models import IMAGE_MODELS, small_settings
from torch import nn

from unlearnkit import registry
from unlearnkit.models.adapter import Block, convolution_weights, normalisation_parts
from unlearnkit.models.building import Architecture


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


# vision.md, section 8, test 7, and section 1.5
PUBLISHED_SIZES = [
    ("resnet9", 10, 2_274_880),
    ("resnet18", 10, 11_181_642),
    ("resnet18", 17, 11_185_233),
    ("resnet18", 100, 11_227_812),
    ("resnet18", 5, 11_179_077),
    ("resnet18_cifar", 10, 11_173_962),
    ("tiny_vit", 10, 10_552_462),
    ("tiny_vit", 100, 10_592_872),
    ("tiny_vit", 5, 10_550_217),
    ("vit_b", 1000, 86_567_656),
    ("swin_t", 1000, 28_288_354),
]


@pytest.mark.parametrize(("name", "classes", "size"), PUBLISHED_SIZES)
def test_models_have_the_published_sizes(name: str, classes: int, size: int) -> None:
    module, side = registry.load("model", name), 224 if classes == 1000 else 32
    with torch.device("meta"):
        assert parameters(module.build(classes, (3, side, side), module.Settings())) == size
    assert module.Settings().size(classes, (3, side, side)).parameters == size


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
    images = torch.rand(3, *architecture.sample_shape, generator=torch.Generator().manual_seed(0))
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
    images = torch.rand(2, *architecture.sample_shape, generator=torch.Generator().manual_seed(0))
    model(images)
    assert torch.equal(seen[0].flatten(), images.flatten())


@pytest.mark.parametrize("units", ["blocks", "stages"])
def test_blocks_and_stages_cover_all_parameters_once_in_forward_order(architecture: Architecture, units: str) -> None:
    model = architecture.build(seed=0).eval()
    adapter = registry.load("model", architecture.name).adapter(model)
    blocks: tuple[Block, ...] = getattr(adapter, units)
    held = [id(p) for block in blocks for part in block for p in model.get_submodule(part).parameters()]
    assert len(held) == len(set(held))
    assert set(held) == {id(p) for p in model.parameters()}
    called: list[str] = []
    for part in (part for block in blocks for part in block):
        model.get_submodule(part).register_forward_hook(lambda *_, name=part: called.append(name))
    model(torch.zeros(2, *architecture.sample_shape))
    assert called == [part for block in blocks for part in block]
    assert adapter.first_layer.startswith(blocks[0][0])
    assert adapter.classifier.startswith(blocks[-1][-1])


@pytest.mark.parametrize(
    ("name", "blocks", "stages"),
    [
        *[("mlp", 2, 2), ("small_cnn", 4, 4), ("resnet9", 7, 7), ("resnet18", 10, 6), ("tiny_vit", 14, 6)],
        *[("vit_b", 14, 14), ("swin_t", 14, 6)],
    ],
)
def test_numbers_of_blocks_and_stages(name: str, blocks: int, stages: int) -> None:
    module = registry.load("model", name)
    with torch.device("meta"):
        adapter = module.adapter(module.build(7, (3, 16, 16), module.Settings()))
    assert (len(adapter.blocks), len(adapter.stages)) == (blocks, stages)


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


@pytest.mark.parametrize(("name", "side"), [("resnet18", 1), ("resnet18_cifar", 4), ("tiny_vit", 1)])
def test_the_stem_decides_the_last_feature_map(name: str, side: int) -> None:
    module = registry.load("model", name)
    model = module.build(7, (3, 32, 32), module.Settings()).eval()
    last = architecture_of(name, (3, 32, 32)).adapter.stages[-2][0]
    seen: list[torch.Tensor] = []
    model.get_submodule(last).register_forward_hook(lambda *event: seen.append(event[-1]))
    model(torch.zeros(1, 3, 32, 32))
    assert seen[0].shape[-2:] == (side, side)


@pytest.mark.parametrize("name", ["resnet18", "resnet18_cifar", "tiny_vit", "vit_b", "swin_t"])
def test_grey_images_change_the_first_kernel_only(name: str) -> None:
    grey, colour = (architecture_of(name, (channels, 32, 32)).build(seed=0) for channels in (1, 3))
    first = architecture_of(name, (1, 32, 32)).adapter.first_layer
    differing = [key for key, tensor in grey.named_parameters() if tensor.shape != colour.get_parameter(key).shape]
    assert differing == [f"{first}.weight"]
    assert grey(torch.zeros(2, 1, 32, 32)).shape == (2, 7)


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_models_of_any_side_say_so(name: str) -> None:
    module, shape = registry.load("model", name), (3, 16, 16)
    model = module.build(7, shape, small_settings(name)).eval()
    if getattr(module, "ANY_SIDE", False):
        assert model(torch.zeros(2, 3, 24, 40)).shape == (2, 7)
    else:
        with pytest.raises(RuntimeError):
            model(torch.zeros(2, 3, 24, 40))


def architecture_of(name: str, shape: tuple[int, int, int]) -> Architecture:
    return Architecture(name, small_settings(name), 7, shape)
