"""Margins of image classifiers, from their logits on all images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from unlearnkit.artifacts.weights import State
from unlearnkit.data.images.batches import Pixels
from unlearnkit.metrics.margins import margins_from_logits
from unlearnkit.training.evaluation import Assemble, Subjects
from unlearnkit.training.precision import products
from unlearnkit.training.shard import Task, Worker

BATCH_SIZE = 500
"""Samples per forward pass; large enough that the overhead of a call is negligible, small enough for any device."""


def values(
    states: Sequence[State], task: Task, rows: Tensor, worker: Worker, assemble: Assemble | None
) -> dict[str, np.ndarray]:
    """Return "margins" float32 and "correct" bool, both [models, rows], of the models with the given states."""
    logits = logits_of(Subjects(states, task, rows, worker, assemble))
    labels = task.pixels.labels.cpu()[rows].numpy()
    return {"margins": margins_from_logits(logits, labels), "correct": logits.argmax(-1) == labels}


def logits_of(subjects: Subjects) -> np.ndarray:
    """Return float32 logits [models, rows, classes] of models in eval mode, assembled where a method says so."""
    task = subjects.task

    def of_plain(states: Sequence[State]) -> np.ndarray:
        models = [task.architecture.load(state) for state in states]
        model = task.architecture.gather(models, subjects.worker.device).eval()
        return logits_on(model, task.pixels, subjects.rows, len(states))

    def of_one(state: State) -> Tensor:
        return torch.from_numpy(of_plain([state])[0])

    if subjects.assemble is None:
        return of_plain(subjects.states)
    return np.stack([subjects.assemble(state, of_one).numpy() for state in subjects.states])


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
