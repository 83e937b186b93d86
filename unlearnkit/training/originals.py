"""Originals and oracles: the models of one shard, trained from scratch on all samples or on the retain set."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from unlearnkit.config.settings import Settings
from unlearnkit.training.shard import Kept, ShardResult, Task, Worker, run_shard


def train_shard(
    task: Task, recipe: Settings, samples: torch.Tensor, *, role: str, model_indices: Sequence[int], worker: Worker
) -> ShardResult:
    """Train the models `model_indices` of `role` on the training samples `samples` (indices) and keep their last epoch.

    `samples` is [n], or [models, n] if every model has samples of its own. `recipe` is that of the kind of task. A
    model's weights depend on (recipe, its samples, base seed, role, model index) and, by rounding, on how it is
    executed. Raises TrainingError if originals or oracles diverge.
    """
    position = {index: number for number, index in enumerate(model_indices)}

    def run_stack(indices: tuple[int, ...], name: str) -> Kept:
        chosen = samples[[position[index] for index in indices]] if samples.ndim > 1 else samples
        return task.kind.train(task, recipe, chosen, role, indices, name, worker)

    return run_shard(model_indices, worker.stack_size or task.architecture.stack_size, worker, run_stack)
