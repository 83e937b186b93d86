"""Margins of image classifiers, from their logits on all images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from unlearnkit.artifacts.weights import State
from unlearnkit.data.images.batches import Pixels
from unlearnkit.metrics.margins import margins_from_logits
from unlearnkit.training.evaluation import Assemble
from unlearnkit.training.precision import products
from unlearnkit.training.shard import Task, Worker

BATCH_SIZE = 500
"""Samples per forward pass; large enough that the overhead of a call is negligible, small enough for any device."""


def values(
    states: Sequence[State], task: Task, rows: Tensor, worker: Worker, assemble: Assemble | None
) -> dict[str, np.ndarray]:
    """Return "margins" float32 and "correct" bool, both [models, rows], of the models with the given states."""

    def logits_of(plain: Sequence[State]) -> np.ndarray:
        model = task.architecture.gather([task.architecture.load(state) for state in plain], worker.device).eval()
        return logits_on(model, task.pixels, rows, len(plain))  # [K, rows, classes]

    def logits_of_one(plain: State) -> Tensor:
        return torch.from_numpy(logits_of([plain])[0])

    if assemble is None:
        logits = logits_of(states)
    else:
        logits = np.stack([assemble(state, logits_of_one).numpy() for state in states])
    labels = task.pixels.labels.cpu()[rows].numpy()
    return {"margins": margins_from_logits(logits, labels), "correct": logits.argmax(-1) == labels}


def target_counts(pixels: Pixels, rows: Tensor) -> None:
    """Return None: every image has one target, so no count is needed."""


def logits_on_all(model: nn.Module, pixels: Pixels, models: int) -> np.ndarray:
    """Return float32 logits [models, samples, classes] of a model or a stack in eval mode on all images in order."""
    return logits_on(model, pixels, torch.arange(len(pixels.labels)), models)


@products()
@torch.inference_mode()
def logits_on(model: nn.Module, pixels: Pixels, rows: Tensor, models: int) -> np.ndarray:
    """Return float32 logits [models, rows, classes] of a model or a stack in eval mode on the images `rows`."""
    chunks = []
    for chosen in rows.to(pixels.device).split(BATCH_SIZE):
        images = pixels.normalised(chosen)
        batch = images.expand(models, *images.shape) if models > 1 else images
        chunks.append(model(batch).reshape(models, len(images), -1).float().cpu().numpy())
    return np.concatenate(chunks, axis=1)
