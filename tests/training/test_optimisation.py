"""Steps equal torch's own to the bit; schedules have the values that one computes by hand."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn

from unlearnkit.config.training.recipe import Recipe
from unlearnkit.errors import TrainingError
from unlearnkit.models.adapter import normalisation_parts
from unlearnkit.models.building import Architecture
from unlearnkit.models.parts import parameters_of
from unlearnkit.registry import load
from unlearnkit.training.optimisation import SGD, adam, recipe_lr, recipe_optimizer, scheduled_lr, sgd, step


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


@pytest.mark.parametrize("weight_decay", [0.0, 5e-3])
@pytest.mark.parametrize("momentum", [0.5, 0.9])
def test_steps_of_adam_equal_those_of_torch(momentum: float, weight_decay: float) -> None:
    generator = torch.Generator().manual_seed(0)
    ours = nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
    theirs = copy.deepcopy(ours)
    own = adam(ours, 0.3, momentum, weight_decay)
    reference = torch.optim.Adam(theirs.parameters(), lr=0.3, betas=(momentum, 0.999), weight_decay=weight_decay)
    for number in range(6):
        images = torch.randn(7, 5, generator=generator)
        own.lr = reference.param_groups[0]["lr"] = 0.3 / (number + 1)
        step(own, ours(images).square().sum())
        reference.zero_grad()
        theirs(images).square().sum().backward()
        reference.step()
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert torch.equal(mine, other)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_an_optimiser_goes_on_from_its_state(optimizer: str, momentum: float) -> None:
    recipe = Recipe.model_validate({"optimizer": optimizer, "momentum": momentum, "lr": 0.1})
    whole, parts = nn.Linear(5, 4), nn.Linear(5, 4)
    parts.load_state_dict(whole.state_dict())
    own, first = recipe_optimizer(whole, recipe), recipe_optimizer(parts, recipe)
    images = torch.randn(6, 7, 5, generator=torch.Generator().manual_seed(0))
    for number, batch in enumerate(images):
        step(own, whole(batch).square().sum())
        if number == 3:
            resumed = recipe_optimizer(parts, recipe)
            resumed.load(first.state())
            first = resumed
        step(first, parts(batch).square().sum())
    assert torch.equal(whole.weight, parts.weight)


@pytest.mark.parametrize("models", [1, 2])
@pytest.mark.parametrize("name", ["small_cnn", "tiny_vit"])
def test_weight_decay_can_leave_out_normalisation(name: str, models: int) -> None:
    architecture = Architecture(name, load("model", name).Settings(), 3, (3, 8, 8))
    for decayed in ("all", "not_normalisation"):
        model = architecture.gather([architecture.build(seed) for seed in range(models)], torch.device("cpu"))
        recipe = Recipe.model_validate({"lr": 0.5, "weight_decay": 0.1, "decayed": decayed})
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.fill_(1.0)
        # a loss without slope: what moves a weight is its decay
        step(recipe_optimizer(model, recipe), sum((p * 0).sum() for p in model.parameters()) + torch.zeros(()))
        kept = {key for key, parameter in parameters_of(model).items() if (parameter == 1.0).all()}
        normalising = set(parameters_of(model, normalisation_parts(model)))
        assert normalising
        assert kept == (normalising if decayed == "not_normalisation" else set())


def test_frozen_parameters_are_left_out() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))
    model[0].requires_grad_(False)
    for optimizer in (sgd(model, 0.1), adam(model, 0.1)):
        assert [id(p) for p in optimizer.parameters] == [id(p) for p in model[1].parameters()]


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


def test_a_triangle_at_the_start_of_its_steps_is_that_of_a_published_lambda() -> None:
    """As `LambdaLR` sets it from np.interp(t, [0, 2 x 4, 6 x 4], [0, 1, 0]): the first of 24 steps has rate 0."""
    recipe = Recipe.model_validate({"epochs": 6, "lr": 0.4, "schedule_unit": "step_start", "warmup_epochs": 2})
    rates = [recipe_lr(recipe, number, 4) for number in range(24)]
    expected = [0.4 * number / 8 for number in range(8)] + [0.4 * (24 - number) / 16 for number in range(8, 24)]
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
@pytest.mark.parametrize("epochs", [3, 10])
def test_only_the_triangle_warms_up(schedule: str, epochs: int) -> None:
    recipe = Recipe.model_validate({"epochs": epochs, "lr": 1.0, "schedule": schedule, "warmup_epochs": 5})
    rates = [recipe_lr(recipe, number, 20) for number in range(20 * epochs)]
    assert rates[0] == pytest.approx(1.0, abs=1e-3)
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        # torch's CosineAnnealingLR with T_max = 4, and a triangle whose peak is at epoch 2 of 4
        ("cosine", [1.0, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2]),
        ("triangular", [0.0, 0.5, 1.0, 0.5]),
        ("constant", [1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_a_rate_per_epoch_is_the_same_in_all_its_steps(schedule: str, expected: list[float]) -> None:
    recipe = Recipe.model_validate(
        {"epochs": 4, "lr": 1.0, "schedule": schedule, "schedule_unit": "epoch", "warmup_epochs": 2}
    )
    rates = [recipe_lr(recipe, number, 3) for number in range(12)]
    assert rates == pytest.approx([rate for rate in expected for _ in range(3)])


def test_the_cosine_per_epoch_is_that_of_torch() -> None:
    recipe = Recipe.model_validate({"epochs": 7, "lr": 0.1, "schedule": "cosine", "schedule_unit": "epoch"})
    reference = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(reference, T_max=7)
    for epoch in range(7):
        assert recipe_lr(recipe, epoch * 5, 5) == pytest.approx(scheduler.get_last_lr()[0], rel=1e-9)
        reference.step()
        scheduler.step()
