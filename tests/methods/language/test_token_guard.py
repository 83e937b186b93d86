"""Runs stop before a step that would spoil their model, keep that model, and say so wherever a reader looks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from bench import CPU, Bench, same
from torch import Tensor, nn

from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.methods.language.multiplier import Multiplier
from unlearnkit.methods.language.token_steps import Loss, Term, TokenBatch, descend
from unlearnkit.methods.language.token_terms import largest_nll, nll
from unlearnkit.models.building import states_of
from unlearnkit.training.language.token_losses import targets, token_sum
from unlearnkit.training.shard import ShardResult, StackResults, Worker, run_shard
from unlearnkit.training.unlearning import run_method, unlearn_shard


@pytest.fixture
def text(bench_of: Callable[..., Bench]) -> Bench:
    """A bench of a small GPT-2 on 40 tokens."""
    return bench_of("gpt2")


STOPS: dict[str, Any] = {"max_forget_nll": 4.5, "lr": 0.02, "schedule": "constant", "clip": None}
"""Of a vocabulary of 40, log V = 3.7: ascent passes 4.5 nats after a few steps."""


@pytest.mark.parametrize("micro_batch_size", [None, 3])
@pytest.mark.parametrize("method", ["ga", "graddiff", "ga_kl"])
def test_ascent_stops_and_says_so(method: str, micro_batch_size: int | None, text: Bench) -> None:
    notes: list[str] = []
    worker = replace(text.worker(), report=notes.append, micro_batch_size=micro_batch_size)
    recipe = text.recipe(method, range(1, 31), steps=30, **STOPS)
    kept = run_method(text.task, recipe, text.split, text.model(), text.references, (0,), worker)
    (note,) = kept.notes
    assert note in notes
    stopped = int(note.split("stopped before step ")[1].split(":")[0])
    assert 1 < stopped < 30
    assert note.startswith("model 0: stopped before step")
    assert note.endswith("nats, beyond 4.500")
    (last,) = kept.states[stopped - 1]
    assert all(same(kept.states[step][0], last) for step in range(stopped, 31))
    assert not same(kept.states[stopped - 2][0], last)
    # the batch that stops it was drawn, and nothing after it
    assert kept.passes[stopped] == kept.passes[30] == kept.all_passes
    assert kept.passes[stopped - 1] < kept.passes[stopped] <= recipe.settings.passes(230, 10, stopped)

    told = float(note.split(" is ")[1].split()[0])
    batches = text.samples("forget").endless(recipe.settings.batch_size)
    inputs, labels = [next(batches) for _ in range(stopped)][-1]
    with torch.no_grad():
        loss = token_sum(text.task.architecture.load(last).eval()(inputs), labels) / targets(labels)
    assert loss.item() == pytest.approx(told, abs=1e-3)
    assert told > 4.5


def test_ascent_stops_at_once_where_the_original_is_beyond_the_limit(text: Bench) -> None:
    model = text.model()
    kept = text.kept("ga", (1, 5), max_forget_nll=0.1)
    assert "stopped before step 1" in kept.notes[-1]
    assert same(kept.states[5][0], states_of(model)[0])


@pytest.mark.parametrize("method", ["ga", "undial", "token_fine_tune"])
def test_a_loss_that_is_no_number_stops_any_method(method: str, text: Bench) -> None:
    model = text.model()
    with torch.no_grad():
        next(model.parameters()).fill_(math.nan)
    kept = run_method(text.task, text.recipe(method), text.split, model, {}, (3,), text.worker())
    of = "retain" if method == "token_fine_tune" else "forget"
    assert kept.notes[1:] == [
        f"model 3: stopped before step 1: the mean loss of its {of} batch is not finite",
        "model 3: its weights are not finite",
    ]


def of_no_number(model: nn.Module, batch: TokenBatch) -> Tensor:
    return nll(model, batch) * math.nan


def of_no_slope(model: nn.Module, batch: TokenBatch) -> Tensor:
    """A loss that is finite, and whose gradient is not: that of a square root at 0."""
    return (nll(model, batch) * 0).sqrt()


@pytest.mark.parametrize(
    ("loss", "why"),
    [
        (of_no_number, "the mean loss of its retain batch is not finite"),
        (of_no_slope, "its gradient is not finite"),
    ],
)
@pytest.mark.parametrize("clip", [None, 1.0])
def test_a_step_that_would_spoil_the_model_is_not_taken(loss: Loss, why: str, clip: float | None, text: Bench) -> None:
    data, model, notes = text.sets("graddiff"), text.model(), list[str]()
    context = text.context()
    context.note, context.set_name = notes.append, data.name_of
    # from the third step on, when the model has moved
    late = Term(data.retain, loss, turn=lambda step: step > 2)
    dual = Multiplier(1.0, rate=1.0, limit=0.0)
    terms = [Term(data.forget.unmasked(), nll), Term(data.retain, nll, turn=lambda step: step < 3), late]
    terms.append(Term(data.retain, nll, turn=lambda step: step > 2, multiplier=dual))
    settings = text.settings("graddiff", steps=6, lr=0.01, schedule="constant", clip=clip)
    result = descend(model, terms, settings, context)
    assert notes[1:] == [f"stopped before step 3: {why}"]
    two = descend(model, terms[:2], settings.model_copy(update={"steps": 2}), text.context())
    assert all(tensor.isfinite().all() for tensor in result.parameters())
    # two steps were taken, and none after them, whatever the sets draw
    assert not same(states_of(two)[0], states_of(model)[0])
    assert dual.value == 1.0 if loss is of_no_number else dual.value > 1.0


@pytest.mark.parametrize("method", ["graddiff", "npo_kl"])
def test_a_retain_loss_beyond_its_bound_stops_the_run(method: str, text: Bench) -> None:
    settings = {"steps": 30, "lr": 0.02, "schedule": "constant", "clip": None}
    settings |= {"max_forget_nll": 1e6} if method == "graddiff" else {}
    free = text.kept(method, (30,), **settings)
    assert not any("stopped" in note for note in free.notes)
    bound = {"graddiff": 4.0, "npo_kl": 0.05}[method]
    kept = text.kept(method, range(1, 31), **settings, max_retain_loss=bound)
    (note,) = [note for note in kept.notes if "stopped" in note]
    assert note.startswith("model 0: stopped before step ") and note.endswith(f", beyond {bound:.3f}")
    step = int(note.split("before step ")[1].split(":")[0])
    assert 1 < step < 30
    assert same(kept.states[step - 1][0], kept.states[30][0])


def test_the_guard_lies_two_nats_above_a_model_that_knows_nothing(text: Bench) -> None:
    assert largest_nll(text.settings("ga"), 40) == pytest.approx(math.log(40) + 2)
    assert largest_nll(text.settings("ga", max_forget_nll=3.0), 40) == 3.0


@pytest.mark.parametrize(("passes", "mean"), [((1.0, 2.0, 6.0), 3.0), ((0.1, 0.1, 0.1), 0.1)])
def test_the_passes_of_a_shard_are_the_mean_of_its_models(passes: tuple[float, ...], mean: float, text: Bench) -> None:
    def run_stack(indices: tuple[int, ...], name: str) -> StackResults:
        return StackResults({1: [{}]}, {1: passes[indices[0]]}, {1: 0.0})

    # exactly, also where a sum of equal numbers rounds
    assert run_shard(range(3), 1, text.worker(), run_stack).passes == {1: mean}


def test_notes_of_a_shard_survive_a_resume(text: Bench) -> None:
    folder = ResumeFolder(str(text.folder / "kept"), "key")
    kept = StackResults(notes=["model 0: one", "model 0: größer"])
    folder.save("stack", kept.to_arrays())
    assert StackResults.from_arrays(folder.load("stack") or {}).notes == kept.notes

    reported: list[str] = []
    worker = Worker(CPU, lambda: 0.0, ResumeFolder(str(text.folder / "shard"), "key"), reported.append)

    def run() -> ShardResult:
        recipe = text.recipe("ga", (1, 30), steps=30, **STOPS)
        return unlearn_shard(
            text.task,
            recipe,
            text.split,
            originals=text.weight_file(0),
            held_out_oracles=None,
            model_indices=range(3),
            worker=worker,
        )

    first = run()
    assert [note.split(":")[0] for note in first.notes] == ["model 0", "model 1", "model 2"]
    assert first.passes[1] == 10
    reported.clear()
    second = run()
    assert (second.notes, second.passes) == (first.notes, first.passes)
    assert not any("stopped" in line for line in reported), "the second run computed nothing"


def test_the_log_has_a_line_per_snapshot_and_fifty_steps(text: Bench) -> None:
    lines: list[str] = []
    worker = replace(text.worker(), report=lines.append)
    recipe = text.recipe("token_fine_tune", (3, 60), steps=60, batch_size=4)
    run_method(text.task, recipe, text.split, text.model(), {}, (0,), worker)
    assert lines[0].startswith("model 0: effective batch 4 of 230 sequences")
    assert lines[1:] == ["step 3/60", "step 50/60", "step 60/60"]
