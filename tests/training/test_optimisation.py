"""Steps equal torch's own to the bit; schedules have the values that one computes by hand."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn

from unlearnkit.config.recipe import Recipe
from unlearnkit.errors import TrainingError
from unlearnkit.training.optimisation import SGD, recipe_lr, scheduled_lr, sgd, step


@pytest.mark.parametrize("weight_decay", [0.0, 5e-4])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_steps_equal_those_of_torch(momentum: float, weight_decay: float) -> None:
    generator = torch.Generator().manual_seed(0)
    ours = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
    theirs = copy.deepcopy(ours)
    own = sgd(ours, 0.3, momentum, weight_decay)
    reference = torch.optim.SGD(theirs.parameters(), lr=0.3, momentum=momentum, weight_decay=weight_decay)
    for number in range(6):
        images = torch.randn(7, 5, generator=generator)
        own.lr = reference.param_groups[0]["lr"] = 0.3 / (number + 1)
        step(own, ours(images).square().sum())
        reference.zero_grad()
        theirs(images).square().sum().backward()
        reference.step()
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert torch.equal(mine, other)


def test_a_parameter_without_gradient_is_told() -> None:
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    with pytest.raises(TrainingError, match="a parameter has no gradient"):
        step(SGD([used, unused], 0.1, 0.0, 0.0), used.sum())


def test_gradients_do_not_pile_up() -> None:
    parameter = nn.Parameter(torch.tensor([1.0]))
    optimizer = SGD([parameter], 0.5, 0.0, 0.0)
    for _ in range(2):
        step(optimizer, parameter.sum())
    assert parameter.item() == 0.0


@pytest.mark.parametrize(
    ("schedule", "progress", "warmup", "expected"),
    [
        ("constant", 0.7, 0.0, 2.0),
        ("triangular", 0.0, 0.25, 0.0),
        ("triangular", 0.125, 0.25, 1.0),
        ("triangular", 0.25, 0.25, 2.0),
        ("triangular", 0.625, 0.25, 1.0),
        ("triangular", 1.0, 0.25, 0.0),
        ("triangular", 0.5, 1.0, 1.0),
        ("triangular", 1.0, 1.0, 2.0),
        ("cosine", 0.0, 0.0, 2.0),
        ("cosine", 0.5, 0.0, 1.0),
        ("cosine", 1 / 3, 0.0, 1.5),
        ("cosine", 1.0, 0.0, 0.0),
    ],
)
def test_schedules(schedule: str, progress: float, warmup: float, expected: float) -> None:
    assert math.isclose(scheduled_lr(schedule, 2.0, progress, warmup), expected, abs_tol=1e-12)


def test_the_recipes_rate_is_taken_half_a_step_in() -> None:
    recipe = Recipe.model_validate({"epochs": 2, "lr": 1.0, "schedule": "triangular", "warmup_epochs": 1})
    rates = [recipe_lr(recipe, number, 4) for number in range(8)]
    assert rates == pytest.approx([0.125, 0.375, 0.625, 0.875, 0.875, 0.625, 0.375, 0.125])


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
@pytest.mark.parametrize("epochs", [3, 10])
def test_only_the_triangle_warms_up(schedule: str, epochs: int) -> None:
    recipe = Recipe.model_validate({"epochs": epochs, "lr": 1.0, "schedule": schedule, "warmup_epochs": 5})
    rates = [recipe_lr(recipe, number, 20) for number in range(20 * epochs)]
    assert rates[0] == pytest.approx(1.0, abs=1e-3)
    assert rates == sorted(rates, reverse=True)
