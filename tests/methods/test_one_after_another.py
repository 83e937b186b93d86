"""Requests one after another: the same as by hand, to the bit, with the reference and the draws that are stated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from bench import Bench, same
from made_pairs import made_pairs

from unlearnkit.artifacts.weights import State, WeightFile, write_weights
from unlearnkit.seeds import derive_seed
from unlearnkit.training.sets import UnlearningSplit
from unlearnkit.training.unlearning import run_method, unlearn_shard
from unlearnkit.training.unlearning_split import split_of

BenchOf = Callable[..., Bench]
SEED = derive_seed(0, "unlearned", 2, "request")


@pytest.fixture
def bench(bench_of: BenchOf) -> Bench:
    return bench_of("mlp")


@pytest.fixture
def more(bench: Bench) -> np.ndarray:
    """All rows asked for so far: those of the first request, and ten others; images and sequences are as many."""
    others = np.setdiff1d(np.arange(bench.dataset.train_size), bench.forget)
    return np.union1d(bench.forget, others[::7][:10])


def first_request(bench: Bench, method: str, path: Path) -> WeightFile:
    """Unlearn the first request, whose last snapshot is what the second one starts from."""
    (last,) = bench.recipe(method).snapshots
    write_weights(path, bench.shard(method, snapshots=[1, last]).states, {})
    return WeightFile(path)


def second_request(
    bench: Bench, method: str, start: WeightFile, rows: np.ndarray, *, reference: WeightFile | None, stack: int = 1
) -> dict[int, State]:
    """Unlearn the second request from the models of the first one, as its job does."""
    result = unlearn_shard(
        replace(bench.task, base_seed=SEED),
        bench.recipe(method),
        split_of(bench.dataset, rows, [bench.forget]),
        originals=start,
        held_out_oracles=None,
        model_indices=range(3),
        worker=bench.worker(stack),
        reference=reference,
    )
    return {index: state for (index, _), state in result.states.items()}


def by_hand(bench: Bench, method: str, start: WeightFile, rows: np.ndarray, original: int | None) -> State:
    """Unlearn the second request from model 1 of the first one; None: it is its own reference."""
    new = [row for row in rows if row not in bench.forget]
    retained = [row for row in range(bench.dataset.train_size) if row not in rows]
    validation = torch.arange(bench.dataset.train_size, bench.dataset.train_size + bench.dataset.validation_size)
    split = UnlearningSplit(torch.tensor(retained), torch.tensor(new), {"validation": validation})
    architecture, device = bench.task.architecture, bench.device

    def loaded(state: State) -> torch.nn.Module:
        return architecture.gather([architecture.load(state)], device).eval()

    kept = run_method(
        replace(bench.task, base_seed=SEED),
        bench.recipe(method),
        split,
        loaded(start.state(1)),
        {},
        (1,),
        bench.worker(),
        original=None if original is None else loaded(bench.weight_file(0).state(original)),
    )
    return kept.states[max(kept.states)][0]


@pytest.mark.parametrize(
    ("model", "method", "fixed"),
    [("mlp", "fine_tune", True), ("mlp", "scrub", True), ("mlp", "scrub", False), ("nanogpt", "npo", True)],
)
def test_a_chain_is_what_one_does_by_hand(
    bench_of: BenchOf, more: np.ndarray, tmp_path: Path, model: str, method: str, fixed: bool
) -> None:
    bench = bench_of(model)
    start = first_request(bench, method, tmp_path / "first.safetensors")
    reference = bench.weight_file(0) if fixed else None
    states = second_request(bench, method, start, more, reference=reference)
    assert same(states[1], by_hand(bench, method, start, more, 1 if fixed else None))


@pytest.mark.parametrize(
    ("model", "with_one", "without"), [("mlp", "scrub", "fine_tune"), ("nanogpt", "npo", "graddiff")]
)
def test_the_reference_is_the_original_or_the_model_of_the_request_before(
    bench_of: BenchOf, more: np.ndarray, tmp_path: Path, model: str, with_one: str, without: str
) -> None:
    bench, differ = bench_of(model), {}
    for method in (with_one, without):
        start = first_request(bench, method, tmp_path / f"{method}.safetensors")
        fixed, moving = (
            second_request(bench, method, start, more, reference=reference)
            for reference in (bench.weight_file(0), None)
        )
        differ[method] = not any(same(fixed[index], moving[index]) for index in range(3))
        # the model before is what a method starts from, so naming its file changes nothing
        named = second_request(bench, method, start, more, reference=start)
        assert all(same(named[index], moving[index]) for index in range(3))
    assert differ == {with_one: True, without: False}


def test_no_request_is_retained_and_no_earlier_one_is_forgotten_again(bench: Bench, more: np.ndarray) -> None:
    split = split_of(bench.dataset, more, [bench.forget])
    assert isinstance(split, UnlearningSplit)
    retained, forgotten = ({*own.tolist()} for own in (split.retain, split.forget))
    assert forgotten == {*more.tolist()} - {*bench.forget.tolist()}
    assert retained == {*range(bench.dataset.train_size)} - {*more.tolist()}
    alone = split_of(bench.dataset, bench.forget)
    assert isinstance(alone, UnlearningSplit) and torch.equal(alone.forget, bench.split.forget)


def test_refusals_are_those_of_the_pairs_that_a_request_has_added() -> None:
    pairs = made_pairs(12, 4)
    split = split_of(pairs, np.arange(8, 12), [np.array([10, 11])])
    assert isinstance(split, UnlearningSplit)
    views = {name: split.views[name].tolist() for name in ("refusals", "retain_refusals")}
    assert views == {"refusals": [8, 9], "retain_refusals": [*range(8)]}


@pytest.mark.parametrize("seeds", [(0, 0), (0, SEED)], ids=["the same", "its own"])
def test_requests_draw_from_base_seeds_of_their_own(bench: Bench, seeds: Sequence[int]) -> None:
    first, second = (
        replace(bench.task, base_seed=seed).generators("unlearned", [0], "forget_batches")[0] for seed in seeds
    )
    alike = torch.equal(torch.randperm(50, generator=first), torch.randperm(50, generator=second))
    assert alike == (seeds[0] == seeds[1])
