"""Load an oracle: the upper baseline, whose KLOM is the noise floor (Attribute-to-Delete).

    w = weights of held-out oracle k,  k the index of the model

Model k becomes held-out oracle k, which the evaluation never uses as a reference.
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
NEEDS = ("held_out_oracles",)
DRAWS = False


class Settings(MethodSettings):
    """Loading an oracle has no settings."""


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Return a copy of the held-out oracle with the model's index."""
    return copy.deepcopy(context.references["held_out_oracles"]).eval()
