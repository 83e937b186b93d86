"""Loss-Free Selective Synaptic Dampening: `ssd` by the output's sensitivity, without labels (Foster et al. 2024).

    I_S = mean over samples x of S of |gradient of the squared Euclidean norm of the logits of x|

takes the place of the Fisher information (arXiv 2402.19308); it is the importance of Memory Aware Synapses (Aljundi et
al. 2018). Sums of gradients of a batch cancel each other, so that `gradients: batch`, the published code, gives less
importance than the mean of single samples. Cost: a pass over both sets.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unlearnkit.config.methods.dampening import DampeningSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.images.dampening import dampened
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = False
NEEDS = ()
DRAWS = False
PERTURBS = True


class Settings(DampeningSettings):
    """Settings of Loss-Free Selective Synaptic Dampening; those of `ssd`."""


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Return the original with dampened weights, by the sensitivity of its logits, with buffers as they were."""
    return dampened(model, data, settings, context, squared_norm, torch.abs)


def squared_norm(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean over the batch of |z|^2, in squared nats; `logits` [B, classes], labels are not read."""
    return logits.float().square().sum(-1).mean()
