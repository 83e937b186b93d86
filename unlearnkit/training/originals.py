"""Originals and oracles: the models of one shard, trained from scratch on all samples or on the retain set."""

from __future__ import annotations

from collections.abc import Sequence

from unlearnkit.config.settings import Settings
from unlearnkit.data.rows_by_model import Rows, alike, rows_of_stack
from unlearnkit.training.shard import ShardResult, StackResults, Task, Worker, run_shard


def train_shard(
    task: Task,
    recipe: Settings,
    samples: Rows,
    *,
    role: str,
    model_indices: Sequence[int],
    worker: Worker,
) -> ShardResult:
    """Train the models `model_indices` of `role` on the training samples `samples` (indices) and keep their last epoch.

    `samples` is [n], or one such tensor per model; models with different numbers of samples are trained one at a time.
    `recipe` is that of the kind of task. A model's weights depend on (recipe, its samples, base seed, role, model
    index) and, by rounding, on how it is executed. Raises TrainingError if originals, oracles or models of a pool
    diverge.
    """
    position = {index: number for number, index in enumerate(model_indices)}

    def run_stack(indices: tuple[int, ...], name: str) -> StackResults:
        rows = rows_of_stack(samples, [position[index] for index in indices])
        return task.kind.train(task, recipe, rows, role, indices, name, worker)

    stack_size = (worker.stack_size or task.architecture.stack_size) if alike(samples) else 1
    return run_shard(model_indices, stack_size, worker, run_stack)
