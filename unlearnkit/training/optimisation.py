"""Steps and learning-rate schedules."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from unlearnkit.config.training.recipe import Recipe
from unlearnkit.errors import TrainingError
from unlearnkit.models.adapter import normalisation_parts
from unlearnkit.models.parts import parameters_of


class Optimizer(ABC):
    """Elementwise steps along the gradients of some parameters, with coupled (L2) weight decay.

        g = gradient + weight_decay * w, and a step of w along g

    `undecayed` are the parameters whose gradient gets no weight decay. Subclasses keep one or more moments per
    parameter. Ours are bit for bit those of torch.optim, whose constructors import the compiler, however: a second in
    every job, as long as most unlearning jobs on a small model take (benchmarks/results/startup.md).
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        momentum: float,
        weight_decay: float,
        undecayed: Iterable[nn.Parameter] = (),
    ) -> None:
        self.parameters = list(parameters)
        self.lr, self.momentum = lr, momentum
        exempt = {id(parameter) for parameter in undecayed}
        self._decays = [0.0 if id(parameter) in exempt else weight_decay for parameter in self.parameters]
        self._moments: dict[str, list[Tensor]] = {}
        self.steps = 0

    @torch.no_grad()
    def step(self) -> None:
        """Take one step along the gradients, which every parameter must have."""
        self.steps += 1
        for number, (parameter, decay) in enumerate(zip(self.parameters, self._decays, strict=True)):
            gradient = parameter.grad
            if gradient is None:
                raise TrainingError("a parameter has no gradient", remedy="let the loss depend on every parameter")
            self._move(number, parameter, gradient.add(parameter, alpha=decay) if decay else gradient)

    @abstractmethod
    def _move(self, number: int, parameter: nn.Parameter, gradient: Tensor) -> None:
        """Take the step of one parameter."""

    def state(self) -> dict[str, Tensor]:
        """Return what the next steps depend on besides the parameters, by name."""
        moments = {f"{name}/{k}": tensor for name, tensors in self._moments.items() for k, tensor in enumerate(tensors)}
        return {**moments, "steps": torch.tensor(self.steps)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Continue from a `state()` of an optimiser of the same kind and parameters."""
        self.steps = int(state["steps"])
        for name in dict.fromkeys(key.partition("/")[0] for key in state if key != "steps"):
            stored = [state[f"{name}/{number}"] for number in range(len(self.parameters))]
            # the memory format decides the order of summation in the next step, hence the bits
            pairs = zip(self.parameters, stored, strict=True)
            self._moments[name] = [torch.empty_like(parameter).copy_(moment).detach() for parameter, moment in pairs]


class SGD(Optimizer):
    """Stochastic gradient descent with momentum: v = momentum * v + g; w = w - lr * v."""

    def _move(self, number: int, parameter: nn.Parameter, gradient: Tensor) -> None:
        if self.momentum:
            velocities = self._moments.setdefault("velocity", [])
            if number == len(velocities):
                velocities.append(gradient.clone())
            else:
                velocities[number].mul_(self.momentum).add_(gradient)
            gradient = velocities[number]
        parameter.add_(gradient, alpha=-self.lr)


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015): the mean gradient over the root mean square gradient, both exponential averages.

        m = b m + (1 - b) g;   s = c s + (1 - c) g^2;   w = w - lr (m / (1 - b^t)) / (sqrt(s / (1 - c^t)) + 1e-8)

    with b the momentum and c = 0.999, after t steps.
    """

    SECOND = 0.999

    def _move(self, number: int, parameter: nn.Parameter, gradient: Tensor) -> None:
        means, squares = self._moments.setdefault("mean", []), self._moments.setdefault("square", [])
        if number == len(means):
            means.append(torch.zeros_like(parameter))
            squares.append(torch.zeros_like(parameter))
        mean, square = means[number], squares[number]
        mean.lerp_(gradient, 1 - self.momentum)
        square.mul_(self.SECOND).addcmul_(gradient, gradient, value=1 - self.SECOND)
        root = (square.sqrt() / (1 - self.SECOND**self.steps) ** 0.5).add_(1e-8)
        parameter.addcdiv_(mean, root, value=-self.lr / (1 - self.momentum**self.steps))


def sgd(model: nn.Module, lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> SGD:
    """Return SGD over all parameters of `model` that are not frozen."""
    return SGD(_trainable(model), lr, momentum, weight_decay)


def adam(model: nn.Module, lr: float, momentum: float = 0.9, weight_decay: float = 0.0) -> Adam:
    """Return Adam over all parameters of `model` that are not frozen."""
    return Adam(_trainable(model), lr, momentum, weight_decay)


def recipe_optimizer(model: nn.Module, recipe: Recipe) -> Optimizer:
    """Return the recipe's optimiser over all parameters of a model or stack that are not frozen, at the peak rate."""
    undecayed = parameters_of(model, normalisation_parts(model)) if recipe.decayed == "not_normalisation" else {}
    kind = {"sgd": SGD, "adam": Adam}[recipe.optimizer]
    return kind(_trainable(model), recipe.lr, recipe.momentum, recipe.weight_decay, undecayed.values())


def _trainable(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def step(optimizer: Optimizer, loss: Tensor) -> None:
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

    Half a step in, because at rate zero a triangle's first step is wasted. With `schedule_unit: step_start` it is
    the schedule at t / T, with `epoch` at e / E in all steps of epoch e of E (from 0), as in published code.
    """
    if recipe.schedule_unit == "epoch":
        progress = (steps_done // steps_per_epoch) / recipe.epochs
    else:
        into_step = 0.5 if recipe.schedule_unit == "step" else 0.0
        progress = (steps_done + into_step) / (steps_per_epoch * recipe.epochs)
    warmup = recipe.warmup_epochs / recipe.epochs if recipe.schedule == "triangular" else 0.0
    return scheduled_lr(recipe.schedule, recipe.lr, progress, warmup)
