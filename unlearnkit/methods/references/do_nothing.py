"""Do nothing: the lower baseline of every metric (EasyDUB).

    w = w_0

The weights are those of the original.
"""

from __future__ import annotations

import copy

from torch import nn

from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
TASKS = ("image", "text")
NEEDS = ()
MOVES = False


class Settings(MethodSettings):
    """Doing nothing has no settings."""


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Return a copy of the original."""
    return copy.deepcopy(model).eval()
