"""All unlearned models from original 0: each by its own draws, in any shard and stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from bench import HELD_OUT, Bench, close, same
from torch import nn

from unlearnkit.artifacts.weights import State
from unlearnkit.models.stochastic_depth import StochasticDepth, redraw
from unlearnkit.training.unlearning import unlearn_shard
from unlearnkit.training.unlearning_recipe import UnlearningRecipe

BenchOf = Callable[..., Bench]


def unlearned(bench: Bench, method: str, models: Sequence[int] = range(3), stack: int = 1) -> dict[int, State]:
    """Return the unlearned models by index, all from the original 0 of a file."""
    result = unlearn_shard(
        bench.task,
        replace(bench.recipe(method), from_first=True),
        bench.split,
        originals=bench.weight_file(0),
        held_out_oracles=bench.weight_file(HELD_OUT) if method == "load_oracle" else None,
        model_indices=models,
        worker=bench.worker(stack),
    )
    return {index: state for (index, _), state in result.states.items()}


def test_doing_nothing_returns_original_0_every_time(bench: Bench) -> None:
    original = bench.weight_file(0).state(0)
    states = unlearned(bench, "do_nothing", range(1, 5), stack=2)
    assert states.keys() == {1, 2, 3, 4} and all(same(state, original) for state in states.values())


def test_models_differ_by_their_own_draws_in_any_shard_and_stack(bench_of: BenchOf) -> None:
    bench = bench_of("mlp")
    alone = unlearned(bench, "fine_tune")
    assert not any(same(alone[first], alone[second]) for first, second in ((0, 1), (0, 2), (1, 2)))
    for states in (unlearned(bench, "fine_tune", stack=3), unlearned(bench, "fine_tune", [1, 2], stack=2)):
        assert all(close(state, alone[index]) for index, state in states.items())
    each = bench.shard("fine_tune", stack_size=1).states
    last = max(epoch for _, epoch in each)
    assert [same(each[index, last], alone[index]) for index in range(3)] == [True, False, False]


@pytest.mark.parametrize("method", ["load_oracle", "early_stopped_retrain"])
def test_what_a_method_reads_besides_keeps_its_index(bench_of: BenchOf, method: str) -> None:
    bench = bench_of("mlp")
    each, first = bench.shard(method).states, unlearned(bench, method)
    assert all(same(state, first[index]) for (index, _), state in each.items())


def test_copies_of_one_model_leave_out_branches_of_their_own(bench_of: BenchOf) -> None:
    bench = bench_of("tiny_vit")
    original, states = bench.weight_file(0).state(0), unlearned(bench, "do_nothing", range(2))
    draws = [name for name in original if name.endswith(".draws")]
    assert draws
    for index in range(2):
        assert {name for name in original if not np.array_equal(original[name], states[index][name])} == {*draws}
    assert not any(np.array_equal(states[0][name], states[1][name]) for name in draws)


def test_redrawing_depends_on_its_seed_alone() -> None:
    def drawn(seed: int) -> list[list[int]]:
        model = nn.Sequential(StochasticDepth(0.5), nn.Linear(2, 2), StochasticDepth(0.5)).train()
        model(torch.ones(3, 2))
        redraw(model, seed)
        return [buffer.tolist() for _, buffer in model.named_buffers()]

    assert drawn(1) == drawn(1) != drawn(2)
    (first, calls), (second, _) = drawn(1)
    assert first != second and calls == 0


def test_the_start_is_read_from_the_slice() -> None:
    own = {"method": "do_nothing", "settings": {}, "snapshots": [0]}
    assert not UnlearningRecipe.from_slice(own).from_first
    assert UnlearningRecipe.from_slice({**own, "unlearned_from": "first"}).from_first
