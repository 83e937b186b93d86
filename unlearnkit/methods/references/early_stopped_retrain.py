"""Retraining on the retain set, stopped early: the curve of quality against compute that a method has to beat.

    fresh weights; minimise CE on the retain set by the recipe of `training`; stop at epoch e

EasyDUB uses checkpoints of its oracles at epochs 10 and 15 of 24. Here separate models are trained from their own
seeds, so that they are independent of the oracles they are compared with.
"""

from __future__ import annotations

from torch import nn

from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.training.images.loop import fit
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ("recipe",)
LAST_EPOCH = "training"


class Settings(MethodSettings):
    """Early-stopped retraining has no settings: it follows `training`, and `snapshots` says where it stops."""

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return one pass over the retain set per epoch."""
        return epoch * retain


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Return new models trained on the retain set by the originals' recipe; their snapshots are the early stops."""
    fresh = context.fresh()
    return fit(fresh, data.retain, context.recipe, end_epoch=lambda epoch, _: context.end_epoch(epoch, fresh))
