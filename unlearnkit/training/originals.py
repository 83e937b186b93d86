"""Originals and oracles: the models of one shard, trained from scratch on all samples or on the retain set."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from unlearnkit.artifacts.weights import State
from unlearnkit.config.recipe import Recipe
from unlearnkit.data.batches import Samples
from unlearnkit.models.building import states_of
from unlearnkit.training.loop import Moment, fit
from unlearnkit.training.shard import Kept, ShardResult, Task, Worker, rounds, run_shard


def train_shard(
    task: Task, recipe: Recipe, samples: torch.Tensor, *, role: str, model_indices: Sequence[int], worker: Worker
) -> ShardResult:
    """Train the models `model_indices` of `role` on the training samples `samples` (indices) and keep their last epoch.

    `samples` is [n], or [models, n] if every model has samples of its own. A model's weights depend on (recipe, its
    samples, base seed, role, model index) and on nothing else.
    """
    position = {index: number for number, index in enumerate(model_indices)}

    def run_stack(indices: tuple[int, ...], name: str) -> Kept:
        model = task.fresh(role, indices, worker.device)
        chosen = samples[[position[index] for index in indices]] if samples.ndim > 1 else samples
        own = Samples(task.pixels, chosen, task.generators(role, indices, "batches"))
        return _train_stack(model, own, recipe, name, worker)

    return run_shard(model_indices, worker.stack_size or task.architecture.stack_size, worker, run_stack)


def _train_stack(model: torch.nn.Module, samples: Samples, recipe: Recipe, name: str, worker: Worker) -> Kept:
    moment = worker.resume.load(f"{name}.moment")
    seconds_before = float(moment["seconds"]) if moment else 0.0
    start, due = worker.clock(), rounds(worker)

    def end_epoch(epoch: int, capture: Callable[[], Moment]) -> None:
        worker.report(f"{name}: epoch {epoch}/{recipe.epochs}")
        if next(due) and epoch < recipe.epochs:
            seconds = seconds_before + worker.clock() - start
            worker.resume.save(f"{name}.moment", {**capture(), "seconds": np.array(seconds)})

    fit(model, samples, recipe, end_epoch=end_epoch, resume=moment)
    worker.resume.discard(f"{name}.moment")
    states: list[State] = states_of(model)
    seconds = seconds_before + worker.clock() - start
    passes, last = float(samples.passes), recipe.epochs
    return Kept({last: states}, {last: passes}, {last: seconds / len(states)}, all_passes=passes)
