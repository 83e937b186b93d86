"""An observer sees loss and accuracy of every epoch, and no bit of a weight depends on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from interruption import InterruptionError, interrupting
from torch.nn import functional

from unlearnkit.artifacts.curves import EPOCH_COLUMNS, write_curves
from unlearnkit.artifacts.tables import read_table
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.batches import retain_set
from unlearnkit.training.observer import EpochCurves
from unlearnkit.training.originals import train_shard
from unlearnkit.training.shard import ShardResult, Task, Worker

RECIPE = Recipe.model_validate({"epochs": 3, "batch_size": 64, "lr": 0.2, "warmup_epochs": 1, "augmentation": "flip"})
ALL = retain_set(300, None)
TaskOf = Callable[..., Task]
WorkerOf = Callable[..., Worker]


def observed(task: Task, worker: Worker, models: Sequence[int]) -> tuple[ShardResult, EpochCurves]:
    """Train as rule original does: the observer adds what it saw to the lines of the log."""
    observer = EpochCurves(worker.resume)
    report = worker.report
    worker = dataclasses.replace(worker, observer=observer, report=lambda text: report(observer.said(text)))
    return train_shard(task, RECIPE, ALL, role="original", model_indices=models, worker=worker), observer


@pytest.mark.parametrize(("model", "stack_size"), [("mlp", 3), ("mlp", 1), ("small_cnn", 1), ("small_cnn", 3)])
def test_weights_have_the_same_bits_with_and_without_an_observer(
    task_of: TaskOf, worker_of: WorkerOf, model: str, stack_size: int
) -> None:
    task, models, lines = task_of(model), range(3), list[str]()
    alone = train_shard(
        task, RECIPE, ALL, role="original", model_indices=models, worker=worker_of(stack_size=stack_size)
    )
    seen, observer = observed(task, worker_of(stack_size=stack_size, report=lines.append), models)
    assert seen.states.keys() == alone.states.keys() and seen.passes == alone.passes
    for key, state in alone.states.items():
        for name, array in state.items():
            assert array.tobytes() == seen.states[key][name].tobytes(), (key, name)
    curves = observer.curves(models)
    assert [*curves] == [0, 1, 2] and all([*curve] == [*EPOCH_COLUMNS] for curve in curves.values())
    for curve in curves.values():
        assert curve["epoch"].tolist() == [1, 2, 3] and curve["samples"].tolist() == [300, 600, 900]
        assert curve["loss"][-1] < curve["loss"][0] and curve["accuracy"][-1] > curve["accuracy"][0]
        assert 0 < curve["lr"][-1] < RECIPE.lr
    first = observer.curves(models[:stack_size]).values()
    mean = {name: np.mean([curve[name][0] for curve in first]) for name in ("loss", "accuracy")}
    assert lines[0].endswith(f"epoch 1/3, loss {mean['loss']:.3f}, accuracy {mean['accuracy']:.3f}")
    assert lines.count(lines[0]) == 1 and not any("loss" in line for line in lines if "done" in line)


@pytest.mark.parametrize("shape", [(64, 10), (3, 64, 10)])
def test_means_are_those_of_the_samples(worker_of: WorkerOf, shape: tuple[int, ...]) -> None:
    observer = EpochCurves(worker_of().resume)
    observer.begin(models := range(shape[0] if len(shape) == 3 else 1))
    steps = [
        (torch.randn(shape) * 50, torch.randint(0, 10, shape[:-1])),
        (torch.randn(shape), torch.zeros(shape[:-1]).long()),
    ]
    steps[1] = (steps[1][0][..., :8, :], steps[1][1][..., :8])  # the last batch is short
    for logits, labels in steps:
        before = logits.clone()
        observer.step(0, 2, logits.requires_grad_(), labels, 0.1)
        assert torch.equal(logits, before)
    observer.end_epoch(1)
    logits, labels = (
        torch.cat([own.reshape(len(models), -1, *own.shape[len(shape) - 1 :]) for own in part], 1)
        for part in zip(*steps, strict=True)
    )
    for model, curve in observer.curves(models).items():
        loss = functional.cross_entropy(logits[model].double(), labels[model])
        assert curve["loss"] == pytest.approx(loss.item(), rel=1e-5)
        assert curve["accuracy"] == pytest.approx((logits[model].argmax(-1) == labels[model]).float().mean().item())
        assert curve["samples"] == 72


@pytest.mark.parametrize("moment", ["models_0000-0001: epoch 3/3", "models_0002-0002: epoch 2/3"])
def test_an_interruption_loses_no_row(task_of: TaskOf, worker_of: WorkerOf, moment: str) -> None:
    task, models = task_of("mlp"), range(3)
    _, whole = observed(task, worker_of(stack_size=2), models)
    stopping = worker_of(folder="resumed", stack_size=2, report=interrupting(moment), checkpoint_seconds=0)
    with pytest.raises(InterruptionError):
        observed(task, stopping, models)
    _, resumed = observed(task, worker_of(folder="resumed", stack_size=2), models)
    for model, curve in whole.curves(models).items():
        for name, values in curve.items():
            assert values.tobytes() == resumed.curves(models)[model][name].tobytes(), (model, name)


def test_files_hold_a_row_per_model_and_epoch(task_of: TaskOf, worker_of: WorkerOf, tmp_path: Path) -> None:
    _, observer = observed(task_of("mlp"), worker_of(stack_size=2), range(4, 6))
    write_curves(tmp_path / "some.parquet", observer.curves(range(4, 6)))
    table = read_table(tmp_path / "some.parquet")[0]
    assert table.column_names == ["model", *EPOCH_COLUMNS]
    assert table["model"].to_pylist() == [4, 4, 4, 5, 5, 5] and table["epoch"].to_pylist() == [1, 2, 3] * 2
    # models that were trained by an earlier version, whose resume state is continued
    write_curves(tmp_path / "none.parquet", observer.curves([0]))
    assert read_table(tmp_path / "none.parquet")[0].schema == table.schema
    assert len(read_table(tmp_path / "none.parquet")[0]) == 0
