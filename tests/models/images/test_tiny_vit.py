"""TinyViT-11M is the published network: outputs of timm's implementation, and what that implementation gets wrong."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from unlearnkit.models.images import tiny_vit, window_attention
from unlearnkit.models.parts import parameters_of
from unlearnkit.models.stochastic_depth import StochasticDepth


def reference_weights(model: nn.Module) -> nn.Module:
    """Return the model with weights that follow from the place of each number in its tensor, in double precision."""
    state = {}
    for name, tensor in model.state_dict().items():
        if name.endswith((".draws", ".num_batches_tracked")):
            continue
        wave = torch.sin(torch.arange(tensor.numel(), dtype=torch.float64) * 1.7 + len(name)).reshape(tensor.shape)
        centre = 1.0 if name.endswith(("norm.weight", "bn.weight", "running_var")) else 0.0
        width = 0.3 if tensor.dim() < 2 or "attention" in name else 1.4 / math.sqrt(tensor[0].numel())
        state[name] = centre + width * wave
    model.double().load_state_dict(state, strict=False)
    return model


def images(side: int) -> torch.Tensor:
    return torch.cos(torch.arange(2 * 3 * side * side, dtype=torch.float64) * 0.37).reshape(2, 3, side, side)


# timm 1.0.31, tiny_vit_11m_224(num_classes=3, drop_path_rate=0.0), same weights and images: first row of logits
REFERENCE = {
    ("eval", 32): (1.699961893, 1.263401865, -1.305867067),
    ("train", 32): (1.552776235, 0.428809233, -1.549317192),
    ("eval", 100): (1.707674141, 1.293410169, -1.299533759),
    ("train", 100): (1.459368324, 0.331635652, -1.501391923),
}


@pytest.mark.parametrize(("mode", "side"), sorted(REFERENCE))
def test_logits_are_those_of_timm(mode: str, side: int) -> None:
    model = reference_weights(tiny_vit.build(3, (3, side, side), tiny_vit.Settings(drop_path=0.0)))
    with torch.no_grad():
        logits = model.train(mode == "train")(images(side))[0]
    torch.testing.assert_close(logits, torch.tensor(REFERENCE[mode, side], dtype=torch.float64), rtol=1e-6, atol=1e-6)


def test_a_change_of_weights_in_eval_mode_is_seen() -> None:
    model = tiny_vit.build(3, (3, 32, 32), tiny_vit.Settings(drop_path=0.1)).eval()
    with torch.no_grad():
        before = model(images(32).float())
        for name, parameter in parameters_of(model).items():
            if name.endswith("attention_biases"):
                parameter.add_(torch.arange(parameter.numel()).reshape(parameter.shape) / 10)
        assert not torch.allclose(model(images(32).float()), before, atol=1e-3)


def test_stochastic_depth_grows_to_the_last_block() -> None:
    model = tiny_vit.build(3, (3, 32, 32), tiny_vit.Settings(drop_path=0.22))
    rates = [part.rate for part in model.modules() if isinstance(part, StochasticDepth)]
    # the first block has none; attention blocks have two of the same rate
    expected = [0.02] + [0.02 * number for number in range(2, 12) for _ in range(2)]
    assert rates == pytest.approx(expected)
    still = tiny_vit.build(3, (3, 32, 32), tiny_vit.Settings(drop_path=0.0))
    assert not [part for part in still.modules() if isinstance(part, StochasticDepth)]


@pytest.mark.parametrize("side", [1, 8, 28, 33])
def test_images_of_any_size_are_taken(side: int) -> None:
    model = tiny_vit.build(3, (1, side, side), tiny_vit.Settings(drop_path=0.1)).eval()
    with torch.inference_mode():
        assert model(torch.zeros(2, 1, side, side)).shape == (2, 3)


def test_training_after_a_prediction_in_inference_mode() -> None:
    window_attention._offsets.cache_clear()
    model = tiny_vit.build(3, (3, 32, 32), tiny_vit.Settings(drop_path=0.1))
    with torch.inference_mode():
        model.eval()(images(32).float())
    model.train()(images(32).float()).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
