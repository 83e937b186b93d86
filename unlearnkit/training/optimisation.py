"""Steps and learning-rate schedules."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from unlearnkit.config.recipe import Recipe


def sgd(model: nn.Module, lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> torch.optim.SGD:
    """Return plain SGD over all parameters, with coupled (L2) weight decay on all of them."""
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum, weight_decay=weight_decay)


def step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Take one optimisation step that decreases `loss`, from cleared gradients."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Set the learning rate of every parameter group."""
    for group in optimizer.param_groups:
        group["lr"] = lr


def scheduled_lr(schedule: str, peak: float, progress: float, warmup: float = 0.0) -> float:
    """Return the learning rate after a fraction `progress` in [0, 1] of all steps.

    "constant": peak. "cosine": peak (1 + cos(pi progress)) / 2. "triangular": linear from 0 to peak over the fraction `warmup`, then
    linear to 0 at the end.
    """
    if schedule == "constant":
        return peak
    if schedule == "cosine":
        return peak * (1 + math.cos(math.pi * progress)) / 2
    if progress < warmup:
        return peak * progress / warmup
    return peak * (1 - progress) / (1 - warmup) if warmup < 1 else peak


def recipe_lr(recipe: Recipe, steps_done: int, steps_per_epoch: int) -> float:
    """Return the learning rate of the next step: the schedule at the end of that step's predecessor plus one half step.

    Half a step, so that neither the first nor the last step of a triangle has rate zero and is wasted.
    """
    progress = (steps_done + 0.5) / (steps_per_epoch * recipe.epochs)
    return scheduled_lr(recipe.schedule, recipe.lr, progress, recipe.warmup_epochs / recipe.epochs)
