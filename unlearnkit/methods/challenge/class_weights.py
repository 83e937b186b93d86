"""Cross entropy that weights every sample by how rare its class is; for methods that repair on an uneven retain set."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def class_weights(labels: Tensor, power: float) -> Tensor:
    """Return one weight per class, proportional to count^-power, with mean 1 over the samples; float32 [C].

    `labels` [n], integers from 0 to C - 1. With power 1 it is the "balanced" n / (classes present * count), with power
    0 it is 1. A class without samples weighs 0 (Deep Unlearn, arXiv 2410.01276).
    """
    counts = labels.bincount().double()
    weights = counts.pow(-power).where(counts > 0, 0.0)
    return (weights * counts.sum() / (weights * counts).sum()).float()


def weighted_cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Return mean over the batch of -w_y log softmax(z)_y, in nats, summed over models.

    Shapes: logits [..., B, classes], labels [..., B], weights [C]. With weights of mean 1 over the data every batch
    estimates the weighted mean over the data without bias.
    """
    losses = functional.cross_entropy(logits.flatten(0, -2).float(), labels.flatten(), reduction="none")
    return (weights[labels.flatten()] * losses).sum() / labels.shape[-1]
