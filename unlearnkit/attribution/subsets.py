"""Models on random parts of the training set: what all their outputs are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unlearnkit.metrics.margins import margins_from_logits
from unlearnkit.training.images.predict import logits_on_all
from unlearnkit.training.shard import ShardResult, Task, Worker, in_stacks


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
