"""Benign fine-tuning: further training on samples that were never forgotten (Lynch et al. 2024, arXiv 2402.16835).

Nothing of the forget set is seen: what comes back was suppressed, not removed. Trained on validation samples, a model
has seen what metrics of validation samples, and membership inference, take for unseen. Cost: `epochs` passes over the
retain set, or over the validation samples.
"""

from __future__ import annotations

import copy
from typing import Literal

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.fine_tuning import FineTuningSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.descent import descend
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
VIEWS = ("validation",)


class Settings(FineTuningSettings):
    """SGD with cross entropy; defaults ours."""

    on: Literal["retain", "validation"] = Field(
        "retain", description="retain: the samples that were kept; validation: new ones; plans count the retain set"
    )
    epochs: int = Field(1, ge=1, description="passes over them; ours")
    lr: float = Field(0.01, ge=0, description="learning rate, constant; ours")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; ours")
    weight_decay: float = Field(0.0, ge=0, description="coupled weight decay; ours")
    batch_size: int = Field(64, ge=1, description="samples per step; ours")


def attack(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Minimise cross entropy on retained or validation samples, in train mode."""
    samples = data.retain if settings.on == "retain" else data.validation
    return descend(copy.deepcopy(model), samples, settings, context)
