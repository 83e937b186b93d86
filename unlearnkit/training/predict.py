"""Margins of the models of one shard on every sample of the data set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from unlearnkit.artifacts.margins import Margins
from unlearnkit.artifacts.weights import State, WeightFile
from unlearnkit.data.batches import Pixels
from unlearnkit.metrics.margins import margins_from_logits
from unlearnkit.models.building import Architecture
from unlearnkit.training.shard import Worker, in_stacks

BATCH_SIZE = 500
"""Samples per forward pass; large enough that a call costs nothing beside it, small enough for any device."""


def margins_of_shard(
    weights: WeightFile, pixels: Pixels, architecture: Architecture, train_size: int, worker: Worker
) -> dict[int, Margins]:
    """Return, for every epoch that the weight file holds, the margins of its models on all samples.

    Models are in eval mode and see plain images in order, in float32 (vision.md section 4.1).
    """
    samples = len(pixels.labels)
    split = np.where(np.arange(samples) < train_size, "train", "validation")
    sample_index = np.concatenate([np.arange(train_size), np.arange(samples - train_size)])
    stack_size = worker.stack_size or architecture.stack_size
    result: dict[int, Margins] = {}
    for epoch in weights.epochs:
        parts = []
        for indices in in_stacks(weights.model_indices, stack_size):
            parts.append(_predict([weights.state(index, epoch) for index in indices], pixels, architecture, worker))
            worker.report(f"epoch {epoch}: margins of models {indices[0]}-{indices[-1]}")
        margins, correct = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        result[epoch] = Margins(margins, correct, tuple(weights.model_indices), split, sample_index)
    return result


def _predict(
    states: Sequence[State], pixels: Pixels, architecture: Architecture, worker: Worker
) -> tuple[np.ndarray, np.ndarray]:
    model = architecture.gather([architecture.load(state) for state in states], worker.device).eval()
    logits = logits_on_all(model, pixels, len(states))  # [K, samples, classes]
    labels = pixels.labels.cpu().numpy()
    margins = margins_from_logits(logits, np.broadcast_to(labels, logits.shape[:-1]))
    return margins.astype(np.float32), logits.argmax(-1) == labels


@torch.inference_mode()
def logits_on_all(model: nn.Module, pixels: Pixels, models: int) -> np.ndarray:
    """Return float32 logits [models, samples, classes] of a model or a stack in eval mode on all images in order."""
    chunks = []
    for first in range(0, len(pixels.labels), BATCH_SIZE):
        images = pixels.normalised(torch.arange(first, min(first + BATCH_SIZE, len(pixels.labels)), device=pixels.device))
        batch = images.expand(models, *images.shape) if models > 1 else images
        chunks.append(model(batch).reshape(models, len(images), -1).float().cpu().numpy())
    return np.concatenate(chunks, axis=1)
