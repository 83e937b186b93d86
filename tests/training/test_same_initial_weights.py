"""Original k and oracle k may start from the same weights; held-out oracles and orders stay each model's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.batches import retain_set
from unlearnkit.lineage.seeding import seeding, seeds_text
from unlearnkit.models.building import states_of
from unlearnkit.places import place_of
from unlearnkit.seeds import SCHEME, derive_seed
from unlearnkit.training.originals import train_shard
from unlearnkit.training.shard import ShardResult, Task, Worker

STILL = {"epochs": 1, "batch_size": 64, "lr": 1e-30, "momentum": 0, "weight_decay": 0, "schedule": "constant"}
"""A recipe whose steps are too short to change a weight, so that its models are those they started from."""
MOVING = {"epochs": 2, "batch_size": 64, "lr": 0.1, "warmup_epochs": 1}
ROLES = ("original", "oracle", "held_out_oracle")
TrainOf = Callable[..., ShardResult]


@pytest.fixture
def train(task_of: Callable[..., Task], worker_of: Callable[..., Worker]) -> TrainOf:
    def run(
        role: str, recipe: dict[str, object], shared: bool | None, models: Sequence[int] = range(3), stack: int = 3
    ) -> ShardResult:
        setting = {} if shared is None else {"same_initial_weights": shared}
        return train_shard(
            task_of("mlp", hidden=(4,)),
            Recipe.model_validate({**recipe, **setting}),
            retain_set(300, np.arange(9) if role != "original" else None),
            role=role,
            model_indices=models,
            worker=worker_of(stack_size=stack),
        )

    return run


def same(first: ShardResult, second: ShardResult, key: tuple[int, int]) -> bool:
    return all(np.array_equal(array, second.states[key][name]) for name, array in first.states[key].items())


@pytest.mark.parametrize(
    ("shared", "starts"),
    [
        (True, {"original": "original", "oracle": "original", "held_out_oracle": "held_out_oracle"}),
        (False, {role: role for role in ROLES}),
        (None, {role: role for role in ROLES}),
    ],
)
@pytest.mark.parametrize("stack", [1, 3])
def test_models_start_from_the_weights_of_their_role_or_of_the_original(
    train: TrainOf, task_of: Callable[..., Task], shared: bool | None, starts: dict[str, str], stack: int
) -> None:
    task = task_of("mlp", hidden=(4,))
    for role, drawn_as in starts.items():
        trained = train(role, STILL, shared, stack=stack)
        for index in range(3):
            (fresh,) = states_of(task.architecture.build(derive_seed(0, drawn_as, index, "initial_weights")))
            assert all(np.array_equal(array, trained.states[index, 1][name]) for name, array in fresh.items())


def test_only_oracles_are_changed_and_they_see_batches_in_an_order_of_their_own(
    train: TrainOf, task_of: Callable[..., Task], worker_of: Callable[..., Worker]
) -> None:
    for role in ROLES:
        with_it, without = (train(role, MOVING, shared) for shared in (True, False))
        assert [same(with_it, without, (index, 2)) for index in range(3)] == [role != "oracle"] * 3
    recipe, everything = Recipe.model_validate({**MOVING, "same_initial_weights": True}), retain_set(300, None)
    original, oracle = (
        train_shard(task_of("mlp"), recipe, everything, role=role, model_indices=[0], worker=worker_of())
        for role in ("original", "oracle")
    )
    assert not same(original, oracle, (0, 2))  # same weights, same samples, another order


def test_one_at_a_time_shards_change_no_bit(train: TrainOf) -> None:
    whole = train("oracle", MOVING, True, stack=1)
    parts = [train("oracle", MOVING, True, [index], stack=1) for index in range(3)]
    assert all(same(part, whole, (index, 2)) for index, part in enumerate(parts))


@pytest.mark.parametrize(("recipe", "drawn_as"), [({"same_initial_weights": True}, "original"), ({}, "oracle")])
def test_records_tell_the_seeds_of_every_stage(recipe: dict[str, object], drawn_as: str) -> None:
    record = {"settings": {"seed": 3, "training": recipe}, "seed_scheme": SCHEME}
    place = place_of("oracle/nines/0002-0003.safetensors")
    assert place
    seeds = seeding(place, record)
    assert seeds and (seeds["role"], seeds["stages"]) == ("oracle", ["initial_weights", "batches"])
    assert seeds["first"] == {
        "initial_weights": derive_seed(3, drawn_as, 2, "initial_weights"),
        "batches": derive_seed(3, "oracle", 2, "batches"),
    }
    named = "initial_weights (role original), batches" if drawn_as == "original" else "initial_weights, batches"
    assert f"role oracle, model indices 2 to 3, stages {named};" in seeds_text(seeds)
