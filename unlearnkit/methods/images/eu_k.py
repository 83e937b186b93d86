"""Exact unlearning of the last k stages, EU-k (Goel et al. 2022, arXiv 2201.06640; Deep Unlearn's `euk`).

    redraw all state of the last k stages and the classifier; the rest is frozen, in eval mode
    minimise CE on the retain set over them by the recipe of `training`, in train mode

Unlike Deep Unlearn's code, all state of the last stages is redrawn (its batch norms keep statistics of the forget
set, its attention biases keep their values), by the architecture's own initialiser; they are trained in train mode by
the originals' recipe, and nothing draws them back to their random start. Cost: `epochs` passes over the retain set,
each counted as a whole one although the backward pass ends at the first stage that is trained.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import nn

from unlearnkit.config.methods.search import EPOCHS, Choice, Integers, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.images.last_stages import last_stages
from unlearnkit.models.parts import freeze, reset, train_except
from unlearnkit.training.images.loop import train_epoch
from unlearnkit.training.optimisation import recipe_optimizer
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ("recipe",)
PERTURBS = True


class Settings(MethodSettings):
    """Settings of EU-k; all others are those of `training`."""

    k: int = Field(1, ge=1, description="stages that are drawn anew and trained, beside the classifier; Deep Unlearn")
    epochs: int = Field(10, ge=1, description="passes over the retain set; Deep Unlearn")
    schedule: Literal["truncated", "compressed"] = Field(
        "truncated",
        description="truncated: the learning rates of the first epochs of training, whose schedule is stretched only "
        "if epochs are more; compressed: the whole schedule in so many epochs",
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return one pass over the retain set per epoch."""
        return epoch * retain

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's space, its k up to the four stages of a ResNet, and both schedules."""
        return {"k": Integers(1, 4), "epochs": EPOCHS, "schedule": Choice(("truncated", "compressed"))}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Redraw the last k stages and minimise CE on the retain set over them; the others stay, in eval mode."""
    model = copy.deepcopy(model)
    last, kept = last_stages(context.adapter, settings.k)
    reset(model, context.fresh(), last)
    freeze(model, kept)
    recipe = scheduled(context.recipe, settings)
    samples = data.retain.viewed(recipe.augmentation, recipe.resolution)
    optimizer = recipe_optimizer(model, recipe)
    for epoch in range(1, settings.epochs + 1):
        train_except(model, kept)
        train_epoch(model, samples, optimizer, recipe, epoch - 1)
        context.end_epoch(epoch, model)
    return model.eval().requires_grad_(True)


def scheduled(recipe: Recipe, settings: Settings) -> Recipe:
    """Return the recipe with the epochs over which its learning rate runs, which is its warm-up's share of them too."""
    if settings.schedule == "truncated":
        return recipe.model_copy(update={"epochs": max(recipe.epochs, settings.epochs)})
    share = settings.epochs / recipe.epochs
    return recipe.model_copy(update={"epochs": settings.epochs, "warmup_epochs": share * recipe.warmup_epochs})
