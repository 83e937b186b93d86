"""ViT-B and Swin-T are torchvision's: the same logits from the same weights, and draws of their own."""

from __future__ import annotations

import pytest
import torch
from image_models import small_settings
from torch import Tensor, nn
from torchvision.models.swin_transformer import SwinTransformer
from torchvision.models.vision_transformer import VisionTransformer

from unlearnkit.models.images import swin_t, vit_b
from unlearnkit.models.stochastic_depth import StochasticDepth

NAMES_OF_TORCHVISION = {
    "embedding.patches": "conv_proj",
    "embedding.class_token": "class_token",
    "embedding.positions": "encoder.pos_embedding",
    "layers": "encoder.layers.encoder_layer_",
    "norm": "encoder.ln",
    "head": "heads.head",
}


def stirred(model: nn.Module) -> nn.Module:
    """Return the model with noise on every weight, in double precision: no class token or bias is 0."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return model.double()


def images(side: int) -> Tensor:
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0)).double()


def published_name(name: str) -> str:
    ours = next(ours for ours in NAMES_OF_TORCHVISION if name.startswith(ours))
    rest = name.removeprefix(ours)
    return NAMES_OF_TORCHVISION[ours] + (rest.removeprefix(".") if ours == "layers" else rest)


@pytest.mark.parametrize("training", [False, True])
def test_a_vision_transformer_has_the_logits_of_torchvisions(training: bool) -> None:
    settings = small_settings("vit_b")
    theirs = VisionTransformer(
        image_size=16, patch_size=4, num_layers=2, num_heads=3, hidden_dim=24, mlp_dim=32, num_classes=5
    )
    state = stirred(vit_b.build(5, (3, 16, 16), settings)).state_dict()
    ours = vit_b.build(5, (3, 16, 16), settings).double()
    ours.load_state_dict(state)
    theirs.double().load_state_dict({published_name(name): tensor for name, tensor in state.items()})
    torch.testing.assert_close(ours.train(training)(images(16)), theirs.train(training)(images(16)))


@pytest.mark.parametrize("side", [16, 13])
def test_a_swin_transformer_has_the_logits_of_torchvisions(side: int) -> None:
    ours = stirred(swin_t.build(5, (3, side, side), small_settings("swin_t", drop_path=0.0)))
    theirs = SwinTransformer([2, 2], 12, [1, 2], [2, 3], [3, 3], stochastic_depth_prob=0.0, num_classes=5).double()
    theirs.load_state_dict(ours.state_dict())
    for training in (False, True):
        torch.testing.assert_close(ours.train(training)(images(side)), theirs.train(training)(images(side)))


def test_fresh_weights_are_those_of_torchvision_but_for_the_classifier() -> None:
    torch.manual_seed(0)
    ours = vit_b.build(5, (3, 16, 16), small_settings("vit_b")).state_dict()
    theirs = VisionTransformer(16, 4, 2, 3, 24, 32, num_classes=5).state_dict()
    for name, tensor in ours.items():
        other = theirs[published_name(name)]
        mean, size = (0.0, 0.02) if name == "head.weight" else (other.mean().item(), other.std().item())
        assert tensor.mean().item() == pytest.approx(mean, abs=0.02), name
        assert tensor.std().item() == pytest.approx(size, rel=0.25, abs=1e-5), name


def test_stochastic_depth_grows_to_the_last_block_and_leaves_the_global_generator_alone() -> None:
    model = swin_t.build(5, (3, 8, 8), small_settings("swin_t", depths=(2, 2), drop_path=0.3))
    rates = [part.rate for part in model.modules() if isinstance(part, StochasticDepth)]
    assert rates == pytest.approx([0.1, 0.2, 0.3])
    before = torch.get_rng_state()
    first, second = (model.train()(images(8).float()) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(first, second)
    # attention and perceptron of a block draw one after the other
    assert {name: int(draws[1]) for name, draws in model.named_buffers() if name.endswith(".draws")} == {
        "features.1.1.stochastic_depth.draws": 4,
        "features.3.0.stochastic_depth.draws": 4,
        "features.3.1.stochastic_depth.draws": 4,
    }


@pytest.mark.parametrize(
    ("module", "settings", "words"),
    [
        (vit_b, {"heads": 7}, "7 heads do not divide the width 768"),
        (vit_b, {"dropout": 0.1}, "Extra inputs are not permitted"),
        (swin_t, {"depths": (2, 2)}, "depths has 2 stages and heads 4; expected as many"),
        (swin_t, {"depths": (1,), "heads": (3,)}, "a single block; expected two or more in all"),
        (swin_t, {"heads": (3, 6, 12, 25)}, "25 heads do not divide the 768 features of their stage"),
    ],
)
def test_settings_that_do_not_fit_are_refused(module: object, settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        module.Settings.model_validate(settings)  # pyright: ignore[reportAttributeAccessIssue]
