"""Steps and learning-rate schedules."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from unlearnkit.config.recipe import Recipe
from unlearnkit.errors import TrainingError


class SGD:
    """Stochastic gradient descent with momentum and coupled (L2) weight decay, on all parameters.

        g = gradient + weight_decay * w;   v = momentum * v + g;   w = w - lr * v

    Bit for bit torch.optim.SGD, whose constructor however imports the compiler: a second in every job, which is as long
    as most unlearning jobs on a small model take (benchmarks/results/startup.md).
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, momentum: float, weight_decay: float) -> None:
        self.parameters = list(parameters)
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.velocities: list[Tensor] = []

    @torch.no_grad()
    def step(self) -> None:
        """Take one step along the gradients, which every parameter must have."""
        for number, parameter in enumerate(self.parameters):
            gradient = parameter.grad
            if gradient is None:
                raise TrainingError("a parameter has no gradient", remedy="let the loss depend on every parameter")
            if self.weight_decay:
                gradient = gradient.add(parameter, alpha=self.weight_decay)
            if self.momentum:
                if number == len(self.velocities):
                    self.velocities.append(gradient.clone())
                else:
                    self.velocities[number].mul_(self.momentum).add_(gradient)
                gradient = self.velocities[number]
            parameter.add_(gradient, alpha=-self.lr)


def sgd(model: nn.Module, lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> SGD:
    """Return SGD over all parameters of `model` that are not frozen."""
    return SGD(_trainable(model), lr, momentum, weight_decay)


def _trainable(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def step(optimizer: SGD, loss: Tensor) -> None:
    """Take one optimisation step that decreases `loss`, from cleared gradients."""
    for parameter in optimizer.parameters:
        parameter.grad = None
    loss.backward()
    optimizer.step()


def scheduled_lr(schedule: str, peak: float, progress: float, warmup: float = 0.0) -> float:
    """Return the learning rate after a fraction `progress` in [0, 1] of all steps.

    Linear from 0 to `peak` over the fraction `warmup`; then, with r in [0, 1] the fraction of the rest that is over,
    "triangular": peak (1 - r), "cosine": peak (1 + cos(pi r)) / 2, "constant": peak.
    """
    if progress < warmup:
        return peak * progress / warmup
    rest = (progress - warmup) / (1 - warmup) if warmup < 1 else 0.0
    return peak * {"triangular": 1 - rest, "cosine": (1 + math.cos(math.pi * rest)) / 2, "constant": 1.0}[schedule]


def recipe_lr(recipe: Recipe, steps_done: int, steps_per_epoch: int) -> float:
    """Return the learning rate of step t of T (t counted from 0): the recipe's schedule at (t + 1/2) / T.

    Half a step in, since at rate zero the first or the last step of a triangle would be wasted.
    """
    progress = (steps_done + 0.5) / (steps_per_epoch * recipe.epochs)
    warmup = recipe.warmup_epochs / recipe.epochs if recipe.schedule == "triangular" else 0.0
    return scheduled_lr(recipe.schedule, recipe.lr, progress, warmup)
