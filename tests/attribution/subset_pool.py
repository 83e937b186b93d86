"""The recipe of the models in these tests, and what is known of those on random subsets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unlearnkit.config.training.recipe import Recipe

RECIPE = Recipe.model_validate({"epochs": 12, "batch_size": 25, "lr": 0.2, "warmup_epochs": 1})

ROLE = "datamodel"
"""Role of the models on random subsets in the seeds."""


class Pool(NamedTuple):
    """Models on random halves: which samples each had [models, n], and its outputs [classes + 1, models, samples]."""

    included: np.ndarray
    outputs: np.ndarray
