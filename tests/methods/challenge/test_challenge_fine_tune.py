"""The challenge's fine-tuning, with and without a fresh classifier, and fine-tuning with clipping and noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from bench import Bench, same
from torch import Tensor

from unlearnkit.models.building import states_of

SGD = {"epochs": 2, "lr": 0.05, "momentum": 0.9, "weight_decay": 5e-4, "batch_size": 32}
PLAIN = {"momentum": 0.0, "weight_decay": 0.0, "epochs": 1}


def moved(bench: Bench, method: str, **settings: Any) -> Tensor:
    """Return how far the weights [p] have moved."""
    models = bench.model(), bench.call(method, bench.model(), **settings)
    before, after = (torch.cat([weight.detach().flatten() for weight in model.parameters()]) for model in models)
    return after - before


@pytest.mark.parametrize(
    ("method", "without"), [("challenge_fine_tune", {"augmentation": "none"}), ("noisy_fine_tune", {})]
)
def test_without_what_they_add_it_is_fine_tuning_at_a_constant_rate(
    method: str, without: dict[str, str], bench: Bench
) -> None:
    assert same(bench.last(method, **without, **SGD), bench.last("fine_tune", schedule="constant", **SGD))


def test_samples_are_augmented_unless_told_otherwise(bench: Bench) -> None:
    augmented, plain = bench.last("challenge_fine_tune"), bench.last("challenge_fine_tune", augmentation="none")
    assert not same(augmented, plain)


def test_only_the_classifier_is_drawn_anew(bench: Bench) -> None:
    classifier = bench.task.architecture.adapter.classifier
    model = bench.call("challenge_head_reset", bench.model(), lr=0.0)
    sources = {True: bench.context().fresh(), False: bench.model()}
    for name, weight in model.named_parameters():
        expected = dict(sources[name.startswith(f"{classifier}.")].named_parameters())[name]
        assert torch.equal(weight, expected)
    assert not same(states_of(model)[0], states_of(bench.model())[0])


@pytest.mark.parametrize(("clip", "scale"), [(1e-3, 1e-3), (1e3, None)])
def test_no_gradient_is_longer_than_the_clip(bench_of: Callable[..., Bench], clip: float, scale: float | None) -> None:
    bench = bench_of("mlp")
    step = moved(bench, "noisy_fine_tune", lr=1.0, clip=clip, batch_size=230, **PLAIN)
    free = moved(bench, "noisy_fine_tune", lr=1.0, batch_size=230, **PLAIN)
    torch.testing.assert_close(step, free * (scale / free.norm()) if scale else free, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("noise_on", ["parameters", "gradients"])
def test_a_stack_clips_and_draws_for_every_model_alone(bench_of: Callable[..., Bench], noise_on: str) -> None:
    settings = {"clip": 0.05, "noise": 0.01, "noise_on": noise_on, "lr": 0.1}
    alone, together = (bench_of("mlp").shard("noisy_fine_tune", size, **settings) for size in (1, 3))
    for key, state in alone.states.items():
        for name, array in state.items():
            # a norm is summed in another order
            np.testing.assert_allclose(together.states[key][name], array, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("noise_on", "lr", "deviation"), [("parameters", 0.0, 0.02), ("gradients", 1e-4, 2e-2), ("gradients", 0.0, 0.0)]
)
def test_the_noise_has_its_standard_deviation_in_every_step(
    bench_of: Callable[..., Bench], noise_on: str, lr: float, deviation: float
) -> None:
    # four steps add up to twice the noise of one; a gradient's noise of 100 dwarfs the gradient
    noise = 0.01 if noise_on == "parameters" else 100.0
    step = moved(bench_of("mlp"), "noisy_fine_tune", lr=lr, noise=noise, noise_on=noise_on, batch_size=58, **PLAIN)
    assert step.std().item() == pytest.approx(deviation, rel=0.05)
