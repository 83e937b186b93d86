"""SCRUB: alternating max and min distillation (Kurmanji et al. 2023).

    KL_T = T^2 * mean over the batch of KL(softmax(z_t / T) || softmax(z / T)),  t = original, frozen, in eval mode
    in the first `ascent_epochs` epochs: minimise -KL_T on the forget set, then gamma CE + alpha KL_T on the retain set
    in the others: minimise gamma CE + alpha KL_T on the retain set
    all plus psi * sum over tensors of |w - a|;  after every step a = beta a + (1 - beta) w, from a = w_0 on

EasyDUB's reference builds its optimiser over the teacher, so its student never moves; here the student is optimised.
Deep Unlearn's uses the student itself as the averaged student, so its stay-close term is 0, and returns the last epoch
where rewinding chooses the original; both are corrected here.
Cost: `epochs` passes over the retain set, `ascent_epochs` over the forget set, and a teacher's forward pass for each.
Rewinding adds `epochs` + 1 forward passes over the forget set and one over `rewind_samples`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.search import BATCH_SIZE, EPOCHS, LR, TEMPERATURE, UNIT, WEIGHT_DECAY, Integers, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.methods.images.rewinding import Rewind
from unlearnkit.training.images.losses import cross_entropy, distillation
from unlearnkit.training.optimisation import sgd, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()
VIEWS = ("validation",)


class Settings(MethodSettings):
    """Settings of SCRUB; defaults of Attribute-to-Delete's own, correct implementation."""

    epochs: int = Field(10, ge=1, description="passes over the retain set (E); A2D, 5 for large forget sets")
    ascent_epochs: int = Field(3, ge=0, description="first epochs with a max pass over the forget set (M); A2D")
    lr: float = Field(0.01, ge=0, description="initial learning rate; A2D")
    milestones: tuple[int, ...] = Field(
        (3, 5, 9), description="epochs after which the learning rate is multiplied by decay; A2D"
    )
    decay: float = Field(0.1, gt=0, le=1, description="factor at each milestone; A2D")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; A2D")
    weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay; A2D")
    gamma: float = Field(0.99, ge=0, description="weight of cross entropy in the min step; A2D")
    alpha: float = Field(0.1, ge=0, description="weight of distillation in the min step; A2D")
    psi: float = Field(0.0, ge=0, description="weight of the distance to the averaged student; A2D, Deep Unlearn 0.5")
    beta: float = Field(
        0.9999, ge=0, le=1, description="decay of the averaged student per step; 1 averages nothing, the original; A2D"
    )
    temperature: float = Field(4.0, gt=0, description="temperature T of distillation; A2D")
    retain_batch_size: int = Field(64, ge=1, description="retain samples per step; A2D")
    forget_batch_size: int = Field(32, ge=1, description="forget samples per step; A2D")

    rewind_samples: int = Field(
        0, ge=0, description="validation samples of the forget set's classes by which the epoch is chosen; 0: the last"
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the passes over both sets, the teacher's forward pass for each, and what rewinding adds."""
        evaluated = (epoch + 1) * forget + (epoch == self.epochs) * self.rewind_samples if self.rewind_samples else 0
        trained = epoch * retain + min(epoch, self.ascent_epochs) * forget
        return (1 + FORWARD_PASS) * trained + FORWARD_PASS * evaluated

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's space without its weight of a term that it never had, and with M up to E."""
        units = {"gamma": UNIT, "alpha": UNIT, "psi": UNIT}
        batches = {"retain_batch_size": BATCH_SIZE, "forget_batch_size": BATCH_SIZE}
        return {
            **units,
            **batches,
            "temperature": TEMPERATURE,
            "epochs": EPOCHS,
            "ascent_epochs": Integers(1, lambda known: known["epochs"]),
            "lr": LR,
            "weight_decay": WEIGHT_DECAY,
        }


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Drive the student from the teacher (the original) on the forget set, and hold it there on the retain set.

    Max step: minimise -KL_T(teacher || student) on the forget set. Min step: minimise gamma CE + alpha KL_T on the
    retain set. Both add psi times the distance to the averaged student. With `rewind_samples` the last epoch ends with
    the chosen state of every model; earlier epochs are as training left them.
    """
    teacher = context.reference()
    student = copy.deepcopy(model)
    optimizer = sgd(student, settings.lr, settings.momentum, settings.weight_decay)
    average = _AveragedStudent(student, settings.beta, len(context.generators)) if settings.psi else None
    rewind = Rewind(data, settings.rewind_samples, context) if settings.rewind_samples else None

    def take_step(loss: Tensor) -> None:
        if average is None:
            step(optimizer, loss)
        else:
            step(optimizer, loss + settings.psi * average.distance())
            average.update()

    if rewind:
        rewind.remember(student)
    for epoch in range(1, settings.epochs + 1):
        optimizer.lr = settings.lr * settings.decay ** sum(epoch > milestone for milestone in settings.milestones)
        student.train()
        if epoch <= settings.ascent_epochs:
            for images, _ in data.forget.epoch(settings.forget_batch_size):
                take_step(-distillation(student(images), teacher(images), settings.temperature))
        for images, labels in data.retain.epoch(settings.retain_batch_size):
            logits = student(images)
            divergence = distillation(logits, teacher(images), settings.temperature)
            take_step(settings.gamma * cross_entropy(logits, labels) + settings.alpha * divergence)
        if rewind:
            rewind.remember(student)
            if epoch == settings.epochs:
                rewind.back(student)
        context.end_epoch(epoch, student)
    return student.eval()


class _AveragedStudent:
    """An exponential moving average of the student's parameters: a = beta a + (1 - beta) w, from the original on."""

    def __init__(self, student: nn.Module, beta: float, models: int) -> None:
        self._beta, self._models = beta, models
        self._pairs = [(parameter, parameter.detach().clone()) for parameter in student.parameters()]

    def distance(self) -> Tensor:
        """Return the sum over tensors of |w - a|_2 (not squared), summed over models; its gradient at 0 is 0."""
        differences = [(weight - mean).reshape(self._models, -1) for weight, mean in self._pairs]
        return torch.stack([torch.linalg.vector_norm(rows, dim=1).sum() for rows in differences]).sum()

    @torch.no_grad()
    def update(self) -> None:
        """Take the student's weights of this moment into the average."""
        for weight, mean in self._pairs:
            mean.lerp_(weight, 1 - self._beta)
