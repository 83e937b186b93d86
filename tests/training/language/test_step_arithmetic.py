"""The arithmetic of steps: what is told before a run is what the run does, and it is in the log and in the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from small_text import LENGTH, order_of, positions_text, recipe, text_task, trained

from unlearnkit.errors import TrainingError
from unlearnkit.training.language.step_arithmetic import StepArithmetic
from unlearnkit.training.language.text_loop import Step
from unlearnkit.training.language.text_task import arithmetic
from unlearnkit.training.originals import train_shard
from unlearnkit.training.processes.distributed import micro_batches
from unlearnkit.training.processes.group import Group
from unlearnkit.training.shard import Worker


def test_the_published_recipe() -> None:
    # 728,760,320 tokens in 1,390 steps of 524,288, by 8 processes of 64 sequences (spec 6.1)
    steps = StepArithmetic.of(
        sequences=1390 * 512, mean_length=1024, batch_size=512, most=16, steps=1390, warmup_steps=0, processes=8
    )
    assert steps.facts() == {
        "sequences": 711_680,
        "effective_batch": 512,
        "micro_batch": 16,
        "accumulation": 4,
        "processes": 8,
        "steps_per_pass": 1390,
        "steps": 1390,
        "warmup_steps": 0,
        "tokens_per_step": 524_288,
    }
    assert steps.line() == (
        "effective batch 512 of 711680 sequences (micro-batch 16 x accumulation 4 x processes 8), "
        "1390 steps per pass, 1390 steps, 0 of them warm-up, 524288 tokens per step"
    )


@pytest.mark.parametrize("processes", [1, 2, 3, 8])
@pytest.mark.parametrize("most", [None, 1, 2, 3, 100])
@pytest.mark.parametrize("batch_size", [1, 5, 8, 40])
def test_forward_passes_are_those_that_are_run(batch_size: int, most: int | None, processes: int) -> None:
    steps = StepArithmetic.of(
        sequences=40, mean_length=8, batch_size=batch_size, most=most, steps=1, warmup_steps=0, processes=processes
    )
    shares = micro_batches(Group(0, processes), torch.arange(batch_size), most)
    assert (steps.micro_batch, steps.accumulation) == (max(map(len, shares)), len(shares))


@pytest.mark.parametrize("forgotten", ["delete", "refill"])
def test_it_is_what_the_run_does(forgotten: str, worker_of: Callable[..., Worker]) -> None:
    text_set = positions_text("step")
    task, own = text_task(text_set), recipe(forgotten=forgotten, warmup_steps=3)
    rows = torch.arange(2, text_set.train_size)
    told = arithmetic(task.source, own, rows, 3, 1)
    training_order = order_of(own, rows, text_set)
    assert (told.steps, told.steps * 8 >= training_order.sequences) == (training_order.steps, True)
    assert told.effective_batch == len(training_order.of_step(0)) == 8
    assert (told.micro_batch, told.accumulation, told.warmup_steps) == (3, 3, 3)
    assert told.tokens_per_step == 8 * LENGTH

    every = arithmetic(task.source, own, torch.arange(text_set.train_size), 3, 1)
    seen: list[Step] = []
    trained(task, own, worker_of(), end_step=seen.append, micro_batch_size=3)
    assert (len(seen), seen[0].tokens) == (every.steps, every.tokens_per_step)


def test_training_that_ends_within_the_warm_up_is_refused() -> None:
    text_set = positions_text("step")
    task, own = text_task(text_set), recipe(epochs=1, warmup_steps=2)
    assert arithmetic(task.source, own, torch.arange(9), None, 1).steps == 2
    with pytest.raises(TrainingError, match=r"on 8 sequences take 1 steps, which end within .* at least 2 steps"):
        arithmetic(task.source, own, torch.arange(8), None, 1)
    refilled = recipe(epochs=1, warmup_steps=2, forgotten="refill")
    assert arithmetic(task.source, refilled, torch.arange(8), None, 1).steps == 2


def test_a_set_that_is_smaller_than_a_batch_is_the_batch() -> None:
    steps = StepArithmetic.of(sequences=5, mean_length=8, batch_size=32, most=None, steps=60, warmup_steps=0)
    assert (steps.effective_batch, steps.steps_per_pass, steps.tokens_per_step) == (5, 1, 40)


def test_every_model_says_it_before_its_first_step(worker_of: Callable[..., Worker]) -> None:
    text_set = positions_text("sequence")
    told: list[str] = []
    worker: Any = replace(worker_of(report=told.append), micro_batch_size=3)
    task, own, rows = text_task(text_set), recipe(warmup_steps=2), torch.arange(text_set.train_size)
    train_shard(task, own, rows, role="original", model_indices=[0, 1], worker=worker)
    line = arithmetic(task.source, own, rows, 3, 1).line()
    lines = [f"models_{index:04d}-{index:04d}: {line}" for index in (0, 1)]
    assert [text for text in told if "effective batch" in text] == lines
    assert told[0] == lines[0]
