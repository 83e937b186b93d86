"""Selective Synaptic Dampening: shrink the weights that matter to the forget set alone (Foster et al. 2024).

    I_S = mean over samples x of S of (gradient of -log p_y(x))^2, the diagonal of the empirical Fisher information
    w = w_0 min(lambda I_D / I_F, 1) where I_F > alpha I_D,   w = w_0 elsewhere;   F: forget set, D: both sets

The published code (arXiv 2308.07707) squares the gradient of a batch's mean cross entropy, which is smaller than the
mean of the squares by up to the batch size, more so for F, which has fewer batches; `gradients: batch` does the same.
Nothing is trained and nothing is drawn. Not for stacks: a gradient may round to the other side of the selection.
Cost: a pass over both sets.
"""

from __future__ import annotations

import torch
from torch import nn

from unlearnkit.config.methods.dampening import DampeningSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.images.dampening import dampened
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = False
NEEDS = ()
DRAWS = False
PERTURBS = True


class Settings(DampeningSettings):
    """Settings of Selective Synaptic Dampening; the published ones but for the gradients."""


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Return the original with dampened weights, by the Fisher information of both sets, with buffers as they were."""
    return dampened(model, data, settings, context, cross_entropy, torch.square)
