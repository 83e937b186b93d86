"""Prune, redraw, match entropies, quantise; NeurIPS-2023 challenge.

    of all weights and biases of convolutions and linear layers, prune the fraction `pruned` of smallest magnitude:
        weights become uniform(-1 / sqrt(fan-in), 1 / sqrt(fan-in)), biases 0
    minimise mean of v_y CE + (H(z) - H(z_t))^2 on the retain set, in train mode
        t = original,  H = entropy of softmax(z), nats,  v_c = (samples of class c)^-0.1, scaled to mean 1
    round all parameters to half precision

A solution of the challenge on machine unlearning as in Deep Unlearn (arXiv 2410.01276). The reference takes one step
too many, redraws every weight that is zero even if it was not pruned, rounds the statistics of batch norm too, whose
small variances become zero, and reads all images for their labels. Here the fraction of an epoch is exact in batches,
only pruned weights are redrawn, buffers keep their precision, and labels cost nothing.
Cost: `epochs` passes over the retain set, of the last one the part `last_fraction`, each with a teacher's forward pass.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from unlearnkit.config.methods.search import GENERIC, UNIT, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.methods.challenge.class_weights import class_weights, weighted_cross_entropy
from unlearnkit.methods.ranking import lowest
from unlearnkit.models.parts import drawn, parameters_of
from unlearnkit.models.stack import Stack
from unlearnkit.training.optimisation import sgd, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()
PERTURBS = True


class Settings(MethodSettings):
    """Settings of PRMQ; defaults of Deep Unlearn, whose 3.2 epochs are 4 with a fifth of the last."""

    epochs: int = Field(4, ge=1, description="passes over the retain set, the last one perhaps in part; Deep Unlearn")
    last_fraction: float = Field(
        0.2, ge=0, le=1, description="part of the last epoch's batches that is taken, rounded; Deep Unlearn"
    )
    lr: float = Field(5e-4, ge=0, description="learning rate, constant; Deep Unlearn")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum; Deep Unlearn")
    weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay; Deep Unlearn")
    batch_size: int = Field(64, ge=1, description="retain samples per step; Deep Unlearn")
    pruned: float = Field(
        0.99, ge=0, le=1, description="fraction of the weights and biases that is pruned, rho; Deep Unlearn"
    )

    def batches(self, epoch: int, per_epoch: int) -> int:
        """Return how many of the `per_epoch` batches an epoch takes."""
        return per_epoch if epoch < self.epochs else round(self.last_fraction * per_epoch)

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return the retain samples of all batches, with the teacher's forward pass for each."""
        taken = self.batch_size * self.batches(epoch, math.ceil(retain / self.batch_size))
        return (1 + FORWARD_PASS) * ((epoch - 1) * retain + min(taken, retain))

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's space; its epochs are whole numbers and a uniform fraction."""
        return {**GENERIC, "last_fraction": UNIT, "pruned": UNIT}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Redraw the smallest weights; then train on the retain set toward the original's entropies, and round.

    Loss: class-weighted CE, with weights count^-0.1, plus the mean squared difference of the entropies of student and
    original. In train mode; what is kept of an epoch is a rounded copy; training continues unrounded.
    """
    teacher, student = context.reference(), copy.deepcopy(model)
    prune_and_redraw(student, settings.pruned, context)
    weights = class_weights(data.retain.labels, power=0.1)
    optimizer = sgd(student, settings.lr, settings.momentum, settings.weight_decay)
    unlearned = student
    for epoch in range(1, settings.epochs + 1):
        student.train()
        count = settings.batches(epoch, data.retain.batches_per_epoch(settings.batch_size))
        for images, labels in itertools.islice(data.retain.epoch(settings.batch_size), count):
            logits = student(images)
            matching = entropy_difference(logits, teacher(images))
            step(optimizer, weighted_cross_entropy(logits, labels, weights) + matching)
        unlearned = rounded(student)
        context.end_epoch(epoch, unlearned)
    return unlearned.eval()


@torch.no_grad()
def prune_and_redraw(model: nn.Module, fraction: float, context: Context) -> None:
    """Prune the `fraction` of smallest |weights and biases| of all convolutions and linear layers, taken as one set.

    Pruned weights are drawn from uniform(-sqrt(1 / fan-in), sqrt(1 / fan-in)) by the context's generators, pruned
    biases become 0 (Deep Unlearn). The choice is each model's own.
    """
    tensors = prunable(model)
    sizes = [tensor.abs() for tensor in tensors.values()]
    pruned = lowest(sizes, len(context.generators), lambda weights: round(fraction * weights))
    for (name, tensor), mask in zip(tensors.items(), pruned, strict=True):
        fresh = drawn(tensor, context.generators, _uniform) if name.endswith(".weight") else torch.zeros_like(tensor)
        tensor.copy_(torch.where(mask, fresh, tensor))


def _uniform(weight: Tensor, generator: torch.Generator) -> Tensor:
    bound = weight[0].numel() ** -0.5  # of one output: its fan-in
    return weight.uniform_(-bound, bound, generator=generator)


def prunable(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return weights and biases of all convolutions and linear layers of a model or stack, by name."""
    structure = model.structure if isinstance(model, Stack) else model
    kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
    layers = [name for name, part in structure.named_modules() if isinstance(part, kinds)]
    return parameters_of(model, layers)


def entropy_difference(student: Tensor, teacher: Tensor) -> Tensor:
    """Return mean over the batch of (H(softmax(z_s)) - H(softmax(z_t)))^2, nats^2, summed over models.

    Shapes: both [..., B, classes]; H = -sum p log p (Deep Unlearn).
    """
    return (entropy(student) - entropy(teacher)).square().sum() / student.shape[-2]


def entropy(logits: Tensor) -> Tensor:
    """Return -sum p log p of softmax(logits) [..., classes], nats, from 0 to log(classes)."""
    log_probabilities = functional.log_softmax(logits.float(), dim=-1)
    return -(log_probabilities.exp() * log_probabilities).sum(-1)


@torch.no_grad()
def rounded(model: nn.Module) -> nn.Module:
    """Return a copy whose parameters are rounded to half precision; buffers are not, as small variances become 0."""
    model = copy.deepcopy(model)
    for parameter in model.parameters():
        parameter.copy_(parameter.half())
    return model
