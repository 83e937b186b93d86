"""Methods for language models that are interrupted between any two steps end in the bits of a run that is not."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bench import Bench, same

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.training.shard import ShardResult, StackResults
from unlearnkit.training.unlearning import run_method, unlearn_shard

CASES: dict[str, dict[str, Any]] = {
    "npo_kl": {},
    "pdu": {"dual_warmup": 0.0, "dual_rate": 5.0, "eps": 1.0},
    "dpo": {"retain": "nll"},
    "idk_ap": {},
    "alt_po": {},
    "rmu": {},
    "token_scrub": {"ascent_steps": 2},
    "me_gd": {},
    # stops before its third step
    "ga": {"max_forget_nll": 4.2, "lr": 0.05},
    "llmu": {"answers": 2},
    # steps are epochs
    "kumpr": {"epochs": 6, "min_epochs": 6, "lr": 0.01, "thresholds": "holdout"},
    # two steps each, of which one may have no active sequence
    "icu": {"epochs": 6, "batch_size": 5, "lr": 0.01, "min_bert_score": 0.2, "stop": "set"},
}
OWN: dict[str, Any] = {"steps": 6, "batch_size": 4, "lr": 0.01, "warmup_steps": 2}


class InterruptionError(Exception):
    """Stands for whatever ends a job from outside."""


class Interrupting(ResumeFolder):
    """A folder in which every moment ends the job, in turn just before it is stored and just after."""

    turns = itertools.count()

    def save(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Store what is given, and end the job at a moment."""
        if not name.endswith(".state"):
            super().save(name, arrays)
            return
        if after := next(self.turns) % 2:
            super().save(name, arrays)
        raise InterruptionError(after)


def settings_of(method: str) -> dict[str, Any]:
    own = CASES[method]
    return own if "epochs" in own else {**OWN, **own}


def interrupted(bench: Bench, method: str, **settings: Any) -> tuple[StackResults, int]:
    """What is kept of a run that ends after each of its steps, and how often it was begun."""
    folder = Interrupting(str(bench.folder / "interrupted"), "key")
    worker = replace(bench.worker(), resume=folder, checkpoint_seconds=0)
    recipe = bench.recipe(method, (1, 3, 6), **settings)
    for begun in itertools.count(1):
        try:
            return run_method(bench.task, recipe, bench.split, bench.model(), bench.references, (0,), worker), begun
        except InterruptionError:
            continue
    raise AssertionError


def assert_equal(one: StackResults, other: StackResults) -> None:
    assert one.passes == other.passes and one.all_passes == other.all_passes
    assert one.notes == other.notes
    assert [curve.keys() for curve in one.curves] == [curve.keys() for curve in other.curves]
    for curve, whole in zip(one.curves, other.curves, strict=True):
        assert all(np.array_equal(curve[name], whole[name], equal_nan=True) for name in curve)
    assert one.states.keys() == other.states.keys()
    assert all(same(one.states[step][0], other.states[step][0]) for step in one.states)


@pytest.mark.parametrize("method", CASES)
def test_a_run_that_is_interrupted_after_every_step_ends_in_the_same_bits(
    method: str, bench_of: Callable[..., Bench]
) -> None:
    bench, settings = bench_of("gpt2", method=method), settings_of(method)
    whole = bench.kept(method, (1, 3, 6), **settings)
    kept, begun = interrupted(bench, method, **settings)
    steps = 12 if method == "icu" else 6
    assert begun == 2 * (steps - 1) + 1
    assert_equal(kept, whole)
    assert not same(whole.states[1][0], whole.states[6][0])


@pytest.mark.parametrize(
    "method", ["npo_kl", *(pytest.param(m, marks=pytest.mark.slow) for m in ("pdu", "dpo", "rmu"))]
)
def test_of_an_adapter_only_the_factors_are_saved(method: str, adapted: Bench) -> None:
    settings = {**OWN, **CASES[method]}
    whole = adapted.kept(method, (1, 3, 6), **settings)
    kept, _ = interrupted(adapted, method, **settings)
    assert_equal(kept, whole)
    worker = replace(adapted.worker(), checkpoint_seconds=0)
    saved: list[Mapping[str, np.ndarray]] = []
    worker.resume.discard = lambda name=None: saved.append(worker.resume.load(name or "") or {})
    recipe = adapted.recipe(method, (6,), **settings)
    run_method(adapted.task, recipe, adapted.split, adapted.model(), {}, (0,), worker)
    names = {name.removeprefix("loop/model/") for name in saved[0] if name.startswith("loop/model/")}
    assert names == set(whole.states[6][0])


def test_a_shard_goes_on_within_its_second_model(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("gpt2")

    def shard(folder: ResumeFolder, report: Callable[[str], None]) -> ShardResult:
        worker = replace(bench.worker(), resume=folder, report=report, checkpoint_seconds=0)
        return unlearn_shard(
            bench.task,
            bench.recipe("npo", (2, 6), **OWN),
            bench.split,
            originals=bench.weight_file(0),
            held_out_oracles=None,
            model_indices=range(3),
            worker=worker,
        )

    def ends_in_the_second(text: str) -> None:
        lines.append(text)
        if len([line for line in lines if line == "step 6/6"]) == 2:
            raise InterruptionError

    whole = shard(ResumeFolder(str(bench.folder / "whole"), "key"), lambda _: None)
    folder, lines = ResumeFolder(str(bench.folder / "part"), "key"), list[str]()
    with pytest.raises(InterruptionError):
        shard(folder, ends_in_the_second)
    assert sorted(path.stem for path in folder.folder.glob("*.safetensors")) == [
        "models_0000-0000",
        "models_0001-0001.snapshot_2",
        "models_0001-0001.state",
    ]
    lines.clear()
    other = shard(folder, lines.append)
    assert all(same(state, other.states[key]) for key, state in whole.states.items())
    assert (other.passes, other.all_passes, other.notes) == (whole.passes, whole.all_passes, whole.notes)
    # the first is not made again, the second takes its last step, the third all
    assert [line for line in lines if line.startswith("step ")] == ["step 6/6", "step 2/6", "step 6/6"]


def test_a_damaged_snapshot_costs_the_run_and_not_the_job(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("gpt2")
    whole = bench.kept("npo", (1, 6), **OWN)
    folder = Interrupting(str(bench.folder / "interrupted"), "key")
    worker = replace(bench.worker(), resume=folder, checkpoint_seconds=0)
    recipe = bench.recipe("npo", (1, 6), **OWN)
    for _ in range(4):
        with pytest.raises(InterruptionError):
            run_method(bench.task, recipe, bench.split, bench.model(), {}, (0,), worker)
    snapshot = folder.folder / "models.snapshot_1.safetensors"
    snapshot.write_bytes(snapshot.read_bytes()[:-4])
    healthy = replace(worker, resume=ResumeFolder(folder.output, "key"))
    assert_equal(run_method(bench.task, recipe, bench.split, bench.model(), {}, (0,), healthy), whole)
