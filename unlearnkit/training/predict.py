"""Margins of the models of one shard on every sample of the data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from unlearnkit.artifacts.margins import Margins
from unlearnkit.artifacts.weights import State
from unlearnkit.data.batches import Pixels
from unlearnkit.data.image_set import ImageSet
from unlearnkit.metrics.margins import margins_from_logits
from unlearnkit.training.shard import Task, Worker, in_stacks

BATCH_SIZE = 500
"""Samples per forward pass; large enough that a call costs nothing beside it, small enough for any device."""

Assemble = Callable[[State, Callable[[State], Tensor]], Tensor]
"""(state, state of a plain model -> its logits) -> logits, all float32 [samples, classes] on the host: `assemble` of a
method whose unlearned models are more than one network's weights."""


def margins_of_models(
    state_of: Callable[[int, int], State],
    model_indices: Sequence[int],
    epochs: Sequence[int],
    image_set: ImageSet,
    task: Task,
    worker: Worker,
    assemble: Assemble | None = None,
) -> dict[int, Margins]:
    """Return, for every epoch, the margins of the models `state_of(model index, epoch)` on all samples.

    Models are in eval mode and see plain images in order, in float32. States that are more than the weights of one
    model come with `assemble`, by the method that made them.
    """
    sizes = image_set.split_sizes
    split = np.concatenate([np.full(size, name) for name, size in sizes.items()])
    sample_index = np.concatenate([np.arange(size) for size in sizes.values()])
    stack_size = worker.stack_size or task.architecture.stack_size
    result: dict[int, Margins] = {}
    for epoch in epochs:
        parts = []
        for indices in in_stacks(model_indices, stack_size):
            parts.append(_predict([state_of(index, epoch) for index in indices], task, worker, assemble))
            worker.report(f"epoch {epoch}: margins of models {indices[0]}-{indices[-1]}")
        margins, correct = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        result[epoch] = Margins(margins, correct, tuple(model_indices), split, sample_index)
    return result


def _predict(
    states: Sequence[State], task: Task, worker: Worker, assemble: Assemble | None
) -> tuple[np.ndarray, np.ndarray]:
    def logits_of(plain: Sequence[State]) -> np.ndarray:
        model = task.architecture.gather([task.architecture.load(state) for state in plain], worker.device).eval()
        return logits_on_all(model, task.pixels, len(plain))  # [K, samples, classes]

    def logits_of_one(plain: State) -> Tensor:
        return torch.from_numpy(logits_of([plain])[0])

    if assemble is None:
        logits = logits_of(states)
    else:
        logits = np.stack([assemble(state, logits_of_one).numpy() for state in states])
    labels = task.pixels.labels.cpu().numpy()
    return margins_from_logits(logits, labels), logits.argmax(-1) == labels


@torch.inference_mode()
def logits_on_all(model: nn.Module, pixels: Pixels, models: int) -> np.ndarray:
    """Return float32 logits [models, samples, classes] of a model or a stack in eval mode on all images in order."""
    chunks = []
    for first in range(0, len(pixels.labels), BATCH_SIZE):
        images = pixels.normalised(
            torch.arange(first, min(first + BATCH_SIZE, len(pixels.labels)), device=pixels.device)
        )
        batch = images.expand(models, *images.shape) if models > 1 else images
        chunks.append(model(batch).reshape(models, len(images), -1).float().cpu().numpy())
    return np.concatenate(chunks, axis=1)
