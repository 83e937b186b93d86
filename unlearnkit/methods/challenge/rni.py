"""Repeated noise injection: noise a few tensors in every epoch and train only them, then fine-tune everything.

    redraw the classifier
    for every epoch but the fine ones, which are the last: draw `tensors` tensors;
        unless it is one of the first, quiet ones: draw the fraction `noised` of these,
            w = w + sigma * N(0, 1) for those that were never drawn for noise before;
        minimise CE on the retain set over the drawn tensors and the normalisation layers
    for every fine epoch: minimise CE on the retain set over all tensors

Source: a solution of the NeurIPS-2023 unlearning challenge, as Deep Unlearn (arXiv 2410.01276) has it. What
differs from the reference:
- It recognises normalisation by the letters "bn" in a name, so that layer norm, and batch norm in down-sampling, get
  noise; here the type of the module decides.
- Its last, fine epochs and its first epochs without noise may add up to all epochs, which leaves only fine-tuning; here
  they are shares of the epochs, rounded down, so that at least one epoch has noise.
- It passes over the validation set in every epoch to no effect.
Every model draws tensors of its own, so models are not stacked.
Cost: `epochs` passes over the retain set.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping

import torch
from pydantic import Field
from torch import nn

from unlearnkit.config.methods.fine_tuning import FineTuningSettings
from unlearnkit.config.methods.search import GENERIC, LR, UNIT, WEIGHT_DECAY, Space, Uniform
from unlearnkit.data.images.batches import Samples
from unlearnkit.models.adapter import normalisation_parts
from unlearnkit.models.parts import drawn, parameters_of, reset
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.optimisation import sgd, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = False
NEEDS = ()
PERTURBS = True


class Settings(FineTuningSettings):
    """Settings of repeated noise injection; defaults of Deep Unlearn, whose 9 epochs have 1 quiet and 4 fine ones."""

    epochs: int = Field(9, ge=1, description="passes over the retain set; Deep Unlearn")
    fine_share: float = Field(
        0.45, ge=0, lt=1, description="part of the epochs, the last ones, that train all tensors; Deep Unlearn"
    )
    quiet_share: float = Field(
        0.2, ge=0, lt=1, description="part of the other epochs, the first ones, without noise; Deep Unlearn"
    )
    tensors: int = Field(9, ge=1, description="tensors drawn per epoch, all if there are fewer; Deep Unlearn")
    noised: float = Field(0.7, ge=0, le=1, description="part of the drawn tensors that gets noise; Deep Unlearn")
    noise: float = Field(0.04, ge=0, description="standard deviation sigma, in the unit of the weights; Deep Unlearn")
    lr: float = Field(2e-4, ge=0, description="learning rate of the epochs that are not fine; Deep Unlearn")
    fine_lr: float = Field(2e-4, ge=0, description="learning rate of the fine epochs but the last; Deep Unlearn")
    last_lr: float = Field(1e-3, ge=0, description="learning rate of the last epoch if it is fine; Deep Unlearn")
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD momentum, from rest in every epoch; Deep Unlearn")
    weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay; Deep Unlearn")
    fine_weight_decay: float = Field(5e-4, ge=0, description="coupled weight decay of the fine epochs; Deep Unlearn")
    batch_size: int = Field(64, ge=1, description="retain samples per step; Deep Unlearn")

    @property
    def coarse_epochs(self) -> int:
        """The number of epochs before the fine ones, at least one."""
        return self.epochs - math.floor(self.fine_share * self.epochs)

    @property
    def quiet_epochs(self) -> int:
        """The number of epochs without noise at the beginning, fewer than the coarse ones."""
        return math.floor(self.quiet_share * self.coarse_epochs)

    def rates(self, epoch: int) -> tuple[float, float]:
        """Return learning rate and weight decay of an epoch (from 1)."""
        if epoch <= self.coarse_epochs:
            return self.lr, self.weight_decay
        return (self.last_lr if epoch == self.epochs else self.fine_lr), self.fine_weight_decay

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return what Deep Unlearn searches, its numbers of fine and of quiet epochs as shares."""
        fine: Mapping[str, Space] = {"fine_lr": LR, "last_lr": LR, "fine_weight_decay": WEIGHT_DECAY}
        shares = {"fine_share": Uniform(0.0, 0.9), "quiet_share": Uniform(0.0, 0.9), "noised": UNIT, "noise": UNIT}
        return {**GENERIC, **fine, **shares}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Reset the classifier; then in every epoch noise and train some tensors, in the last ones train all, all by CE."""
    model = copy.deepcopy(model)
    reset(model, context.fresh(), [context.adapter.classifier])
    for epoch, trained in enumerate(_trained_by_epoch(model, settings, context), start=1):
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name in trained)
        rate, weight_decay = settings.rates(epoch)
        optimizer = sgd(model, rate, settings.momentum, weight_decay)
        model.train()
        for images, labels in data.retain.epoch(settings.batch_size):
            step(optimizer, cross_entropy(model(images), labels))
        context.end_epoch(epoch, model)
    return model.requires_grad_(True).eval()


def _trained_by_epoch(model: nn.Module, settings: Settings, context: Context) -> Iterator[set[str]]:
    """Yield the names of the parameters that each epoch trains, having added its noise to the model.

    Those of normalisation layers are always trained and never get noise, the others get it once at most.
    """
    normalisation = parameters_of(model, normalisation_parts(model)).keys()
    others = {name: weight for name, weight in parameters_of(model).items() if name not in normalisation}
    noised: set[str] = set()
    for epoch in range(settings.coarse_epochs):
        chosen = _drawn_names(list(others), settings.tensors, context)
        if epoch >= settings.quiet_epochs:
            selected = _drawn_names(chosen, math.floor(settings.noised * len(chosen)), context)
            for name in selected:
                if name not in noised:
                    _add_noise(others[name], settings.noise, context)
            noised |= set(selected)
        yield {*chosen, *normalisation}
    for _ in range(settings.epochs - settings.coarse_epochs):
        yield {*others, *normalisation}


def _drawn_names(names: list[str], count: int, context: Context) -> list[str]:
    (generator,) = context.generators
    return [names[place] for place in torch.randperm(len(names), generator=generator)[:count]]


@torch.no_grad()
def _add_noise(weight: nn.Parameter, sigma: float, context: Context) -> None:
    weight.add_(drawn(weight, context.generators, lambda tensor, g: tensor.normal_(generator=g)), alpha=sigma)
