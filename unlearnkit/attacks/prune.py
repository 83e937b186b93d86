"""Pruning: the smallest weights become zero, which may undo small changes.

`share` of all weights that are smallest in size, of a whole model (global) or of each of its tensors (layer); weights
are the tensors with two axes or more, so biases and norms stay as they are. Nothing is trained afterwards.
"""

from __future__ import annotations

import copy
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.prune import L1Unstructured

from unlearnkit.attacks.weights import weights_in
from unlearnkit.config.settings import MethodSettings
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("image", "text")
STACKABLE = True
CHANGES = "all weights"


class Settings(MethodSettings):
    """Settings of the pruning."""

    share: float = Field(0.3, ge=0, lt=1, description="share of the weights that become zero; ours")
    scope: Literal["global", "layer"] = Field(
        "global", description="among which weights the smallest are looked for: a model's, or a tensor's"
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return 0: nothing is trained."""
        return 0.0


def attack(model: nn.Module, data: Sets, settings: Settings, context: Context) -> nn.Module:
    """Return the model with its smallest weights at zero."""
    model, models = copy.deepcopy(model).eval(), len(context.generators)
    weights = [weight.detach() for weight in weights_in(model, models).values()]
    for position in range(models):
        weights_of_model = [weight if models == 1 else weight[position] for weight in weights]
        for group in [weights_of_model] if settings.scope == "global" else [[weight] for weight in weights_of_model]:
            pruned(group, settings.share)
    return model


def pruned(weights: list[Tensor], share: float) -> None:
    """Set `share` of the weights of some tensors together, the smallest in size, to zero, in place."""
    whole = torch.cat([weight.flatten() for weight in weights])
    mask = L1Unstructured(share).compute_mask(whole, torch.ones_like(whole))
    for weight, kept in zip(weights, mask.split([weight.numel() for weight in weights]), strict=True):
        weight.mul_(kept.view_as(weight))
