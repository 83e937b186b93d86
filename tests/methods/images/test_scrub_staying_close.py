"""SCRUB's stay-close term: the distance to an average of the student over its steps, not to the student itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from bench import Bench, same

from unlearnkit.artifacts.weights import State
from unlearnkit.methods.images.scrub import Settings

DEEP_UNLEARN = {
    "epochs": 5,
    "lr": 5e-4,
    "milestones": (2, 4, 4),
    "gamma": 1.0,
    "alpha": 0.5,
    "psi": 0.5,
    "temperature": 2.0,
    "retain_batch_size": 32,
    "forget_batch_size": 64,
    "rewind_samples": 8,
}
EASYDUB = {"lr": 5e-4, "momentum": 0.0, "weight_decay": 0.0, "forget_batch_size": 64}


def distance(bench: Bench, state: State) -> float:
    original = dict(bench.model().named_parameters())
    return sum(np.square(state[name] - own.detach().numpy()).sum() for name, own in original.items()) ** 0.5


def test_it_holds_the_student_near_the_original(bench: Bench) -> None:
    free, held = (distance(bench, bench.last("scrub", epochs=3, psi=psi, beta=1.0)) for psi in (0.0, 2.0))
    assert 0 < held < 0.7 * free


def test_an_average_that_forgets_everything_is_the_student_and_holds_nothing(bench: Bench) -> None:
    # the published code has this at every setting
    assert same(bench.last("scrub", psi=0.5, beta=0.0), bench.last("scrub", psi=0.0))
    assert not same(bench.last("scrub", psi=0.5, beta=0.9), bench.last("scrub", psi=0.0))


def test_its_gradient_is_the_direction_to_the_average(bench_of: Callable[..., Bench]) -> None:
    # one step per epoch, and beside the term only weight decay, which moves the student off its average
    bench, lr, decay, psi, beta = bench_of("mlp"), 0.1, 0.5, 0.3, 0.6
    alone = {"gamma": 0.0, "alpha": 0.0, "ascent_epochs": 0, "momentum": 0.0, "milestones": ()}
    settings = {**alone, "retain_batch_size": 230, "epochs": 3, "lr": lr, "weight_decay": decay}
    state = bench.last("scrub", **settings, psi=psi, beta=beta)
    for name, parameter in bench.model().named_parameters():
        weight = average = parameter.detach()
        for _ in range(3):
            away = weight - average
            pull = psi * away / away.norm() if away.any() else torch.zeros_like(away)
            weight = weight - lr * (pull + decay * weight)
            average = beta * average + (1 - beta) * weight
        torch.testing.assert_close(torch.from_numpy(state[name]), weight, atol=1e-6, rtol=1e-5)


def test_a_stack_has_an_average_and_a_distance_for_every_model(bench: Bench) -> None:
    settings = {"psi": 0.5, "beta": 0.9, "lr": 1e-3}
    single, stacked = (bench.shard("scrub", size, **settings) for size in (1, 3))
    for key, state in single.states.items():
        for name, array in state.items():
            np.testing.assert_allclose(stacked.states[key][name], array, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("published", [DEEP_UNLEARN, EASYDUB, {}], ids=["deep_unlearn", "easydub", "a2d"])
def test_every_published_setting_can_be_given(bench_of: Callable[..., Bench], published: dict[str, Any]) -> None:
    bench, settings = bench_of("small_cnn"), Settings.model_validate(published).model_dump()
    assert all(np.isfinite(array).all() for array in bench.last("scrub", **settings).values())
