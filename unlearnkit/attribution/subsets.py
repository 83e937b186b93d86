"""Models on random parts of the training set: which samples each is trained on, and what all outputs then are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from unlearnkit.metrics.margins import margins_from_logits
from unlearnkit.training.images.predict import logits_on_all
from unlearnkit.training.shard import ShardResult, Task, Worker, in_stacks

ROLE = "datamodel"
"""Role of these models in the seeds."""


def subsets(task: Task, model_indices: Sequence[int], train_size: int, fraction: float) -> Tensor:
    """Return the training samples of every model, int64 [models, floor(fraction * train_size)], ascending.

    Each is drawn uniformly without replacement from a generator of its own, seeded by (base seed, role, index).
    """
    size = int(fraction * train_size)
    generators = task.generators(ROLE, model_indices, "subset")
    drawn = [torch.randperm(train_size, generator=generator)[:size] for generator in generators]
    return torch.stack(drawn).sort(dim=1).values


def inclusion(chosen: Tensor, train_size: int) -> np.ndarray:
    """Return which training samples each model was trained on, bool [models, train_size], from their indices."""
    return torch.zeros(len(chosen), train_size, dtype=torch.bool).scatter_(1, chosen, True).numpy()


def outputs_of_models(result: ShardResult, model_indices: Sequence[int], task: Task, worker: Worker) -> np.ndarray:
    """Return all outputs of trained models on all samples, float32 [classes + 1, models, samples] in nats.

    The logits come first, by class, the margin last. Models are in eval mode and see plain images in order.
    """
    last = max(result.passes)
    parts = []
    for indices in in_stacks(model_indices, worker.stack_size or task.architecture.stack_size):
        models = [task.architecture.load(result.states[index, last]) for index in indices]
        logits = logits_on_all(task.architecture.gather(models, worker.device).eval(), task.pixels, len(indices))
        margins = margins_from_logits(logits, task.pixels.labels.cpu().numpy())
        parts.append(np.concatenate([np.moveaxis(logits, -1, 0), margins[None]]))
        worker.report(f"logits of models {indices[0]}-{indices[-1]}")
    return np.concatenate(parts, axis=1)
