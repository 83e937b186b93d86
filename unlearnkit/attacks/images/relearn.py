"""Relearning: fine-tuning on a few forgotten samples (Hu et al. 2024, arXiv 2406.13356).

What was hidden comes back with few samples, sooner than an oracle learns it. Every model draws `items` of the forget
set from its own seed; the model of the same index of any other candidate draws the same ones. Metrics look at the whole
forget set, these items among it.
Cost: `epochs` passes over `items` samples.
"""

from __future__ import annotations

import copy

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.fine_tuning import FineTuningSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.descent import descend
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True


class Settings(FineTuningSettings):
    """SGD with cross entropy; defaults ours."""

    items: int = Field(10, ge=1, description="forgotten samples that the attacker has; ours")
    epochs: int = Field(5, ge=1, description="passes over them; ours")
    lr: float = Field(0.01, ge=0, description="learning rate, constant; ours")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; ours")
    weight_decay: float = Field(0.0, ge=0, description="coupled weight decay; ours")
    batch_size: int = Field(10, ge=1, description="samples per step; ours")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return one pass over `items` samples per epoch."""
        return epoch * min(self.items, forget)


def attack(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Minimise cross entropy on `items` samples of the forget set, in train mode."""
    known = data.forget.part(settings.items, context.generators)
    return descend(copy.deepcopy(model), known, settings, context)
