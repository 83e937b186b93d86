"""Redraw the classifier, then fine-tune as in the unlearning challenge.

    redraw the classifier; then minimise CE on the retain set, augmented, in train mode

`unlearn_2` of the re-implemented metric of the NeurIPS-2023 challenge (AlbinSou/unlearning-challenge-metric). The
architecture says which part is the classifier, and its own initialiser redraws it. Cost: `epochs` passes over the
retain set.
Source: Triantafillou et al. 2024 (arXiv 2406.09073).
"""

from __future__ import annotations

import copy

from torch import nn

from unlearnkit.config.methods.fine_tuning import ChallengeSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.descent import descend
from unlearnkit.models.parts import reset
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()
PERTURBS = True


class Settings(ChallengeSettings):
    """Settings of the challenge's fine-tuning, which follows the reset."""


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Give the original a fresh classifier and minimise cross entropy on augmented retain samples, in train mode."""
    model = copy.deepcopy(model)
    reset(model, context.fresh(), [context.adapter.classifier])
    return descend(model, data.retain.viewed(settings.augmentation, data.retain.resolution), settings, context)
