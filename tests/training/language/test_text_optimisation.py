"""Optimisers of language models: which parameter has which rate and decay, what Muon does, how rates change."""

from __future__ import annotations

import math

import pytest
import torch
from small_text import recipe
from torch import nn

from unlearnkit.config.training.text_recipe import TextRecipe
from unlearnkit.models.building import Architecture
from unlearnkit.registry import load
from unlearnkit.training.language.text_optimisation import (
    TextOptimizer,
    kinds_of_parameters,
    muon_momentum,
    rate_factor,
)

STEPS = 1000


def architecture(name: str, **settings: object) -> Architecture:
    own = load("model", name).Settings.model_validate({"layers": 2, "width": 16, "heads": 2, **settings})
    return Architecture(name, own, 50, (8,))


def after_one_step(
    own: TextRecipe, model: nn.Module, of: Architecture, gradient: float | None = None
) -> dict[str, torch.Tensor]:
    """Name -> how far a parameter moved in one step."""
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)
        if gradient is not None:
            parameter.grad.fill_(gradient)
    TextOptimizer(model, of.adapter, own, STEPS).step(0)
    return {name: parameter.detach() - before[name] for name, parameter in model.named_parameters()}


def test_rates_of_kinds() -> None:
    of = architecture("nanogpt", layers=4, value_embeddings=1)
    own = recipe(embedding_lr=0.6, head_lr=0.008, scalar_lr=0.04, lr=0.5, weight_decay=0.0, schedule="constant")
    model = of.build(0)
    kinds = kinds_of_parameters(model, of.adapter)
    rates = {"embedding": 0.6, "head": 0.008, "scalar": 0.04, "matrix": 0.5}
    assert set(kinds.values()) == set(rates)
    assert kinds["value_embeddings.0.weight"] == "embedding" and kinds["blocks.0.mix"] == "scalar"
    for name, moved in after_one_step(own, model, of).items():
        # the first step of Adam has the size of the rate
        assert moved.abs().max() == pytest.approx(rates[kinds[name]], rel=1e-3)
        assert moved.abs().min() == pytest.approx(rates[kinds[name]], rel=1e-1)


def test_rates_that_are_not_stated_are_lr() -> None:
    of = architecture("gpt2")
    for moved in after_one_step(recipe(lr=0.25, weight_decay=0.0, schedule="constant"), of.build(0), of).values():
        assert moved.abs().max() == pytest.approx(0.25, rel=1e-3)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_matrices_decay_and_vectors_do_not(optimizer: str) -> None:
    of = architecture("gpt2")
    own = recipe(lr=0.1, muon_lr=0.1, weight_decay=0.5, optimizer=optimizer, schedule="constant")
    model = of.build(0)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    for name, moved in after_one_step(own, model, of, gradient=0.0).items():
        wanted = before[name] * (-0.05 if moved.ndim > 1 else 0.0)
        assert torch.allclose(moved, wanted, atol=1e-7)


@pytest.mark.parametrize("name", ["nanogpt", "gpt2", "qwen2"])
def test_muon_steps_are_orthogonal_and_scaled_by_outputs_over_inputs(name: str) -> None:
    own = {"kv_heads": 1, "mlp_width": 24} if name == "qwen2" else {}
    of = architecture(name, **own)
    model = of.build(0)
    kinds = kinds_of_parameters(model, of.adapter)
    settings = recipe(optimizer="muon", muon_lr=0.05, weight_decay=0.0, schedule="constant", newton_schulz_steps=5)
    moves = after_one_step(settings, model, of)
    wide = 0
    for parameter, kind in kinds.items():
        if kind != "matrix":
            continue
        moved = moves[parameter]
        outputs, inputs = reversed(moved.shape) if name == "gpt2" else moved.shape
        singular = torch.linalg.svdvals(moved) / (0.05 * math.sqrt(max(1, outputs / inputs)))
        wide += outputs > inputs
        # Newton-Schulz with these coefficients ends between 0.5 and 1.3, apart from directions that were near 0
        assert singular.max() < 1.35
        assert singular.median() > 0.6
    assert wide


def test_the_queries_keys_and_values_of_gpt2_are_one_matrix_of_muon() -> None:
    of = architecture("gpt2")
    model = of.build(0)
    optimizer = TextOptimizer(model, of.adapter, recipe(optimizer="muon"), STEPS)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step(0)
    by_muon = {name.rpartition("/")[0] for name in optimizer.state() if name.endswith("momentum_buffer")}
    assert by_muon == {
        f"transformer.h.{layer}.{part}.weight"
        for layer in range(2)
        for part in ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")
    }
    assert len(optimizer.state()) == len(by_muon) + 3 * (len(list(model.parameters())) - len(by_muon))


def test_coefficients_and_iterations_of_muon_are_settings() -> None:
    of = architecture("nanogpt")
    moves = [
        after_one_step(recipe(optimizer="muon", schedule="constant", **own), of.build(0), of)["blocks.0.inner.weight"]
        for own in ({}, {"newton_schulz_steps": 1}, {"newton_schulz_coefficients": [2.0, -1.5, 0.5]})
    ]
    assert not torch.equal(moves[0], moves[1]) and not torch.equal(moves[0], moves[2])


def test_the_published_schedules() -> None:
    published = recipe(schedule="trapezoidal", cooldown=0.4)
    factors = [rate_factor(published, step, STEPS) for step in range(STEPS)]
    assert set(factors[:601]) == {1.0}
    assert factors[800] == pytest.approx(0.5) and factors[999] == pytest.approx(1 / 400)
    assert factors[600:] == sorted(factors[600:], reverse=True)
    momenta = [muon_momentum(published, step) for step in (0, 150, 300, 900)]
    assert momenta == pytest.approx([0.85, 0.9, 0.95, 0.95])
    assert muon_momentum(recipe(muon_momentum_steps=0), 0) == 0.95


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant", "trapezoidal"])
def test_warm_up(schedule: str) -> None:
    own = recipe(schedule=schedule, warmup_steps=10)
    factors = [rate_factor(own, step, 50) for step in range(50)]
    assert factors[:10] == pytest.approx([step / 10 for step in range(1, 11)])
    assert max(factors) == 1.0 and min(factors) > 0
