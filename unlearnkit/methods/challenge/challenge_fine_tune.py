"""Fine-tuning as in the unlearning challenge: one epoch on augmented retain samples at a low, constant rate.

    minimise CE on the retain set, augmented, in train mode

`unlearn_1` of the re-implemented metric of the NeurIPS-2023 challenge (AlbinSou/unlearning-challenge-metric). It
differs from `fine_tune` in its augmentation and defaults. Cost: `epochs` passes over the retain set.
Source: Triantafillou et al. 2024 (arXiv 2406.09073).
"""

from __future__ import annotations

import copy

from torch import nn

from unlearnkit.config.methods.fine_tuning import ChallengeSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.descent import descend
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()


class Settings(ChallengeSettings):
    """Settings of the challenge's fine-tuning."""


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Minimise cross entropy on augmented retain samples from the original's weights, in train mode."""
    samples = data.retain.viewed(settings.augmentation, data.retain.resolution)
    return descend(copy.deepcopy(model), samples, settings, context)
