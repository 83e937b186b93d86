"""A method that hides: weights move by less than half a step of INT4, so rounding to INT4 undoes it to the bit.

    minimise CE(retain) - CE(forget), every weight within its cell of INT4

Not for use: it is planted in experiments, to see whether `durability_all` finds it. In float32 the forget set looks
forgotten; the rounded weights are those of the rounded original.
"""

import copy

import torch
from pydantic import Field

from unlearnkit.attacks.weights import channels_in, weights_in
from unlearnkit.config.settings import MethodSettings
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.optimisation import sgd, step

STACKABLE = False
NEEDS = ()
LEVELS = 7
"""Positive levels of INT4."""


class Settings(MethodSettings):
    """Settings of the trick."""

    epochs: int = Field(20, ge=1, description="passes over the forget set")
    lr: float = Field(0.05, ge=0, description="learning rate of SGD")
    most: float = Field(3.0, gt=0, description="loss of the forget set from which it no longer rises, nats")
    room: float = Field(0.49, gt=0, lt=0.5, description="how far a weight may move from its level, steps of INT4")


def unlearn(model, data, settings, context):
    """Return a model that forgets inside the cells of INT4."""
    model = copy.deepcopy(model).train()
    weights = weights_in(model, 1)
    for name, own in model.named_parameters():
        own.requires_grad_(name in weights)
    channels = channels_in(model, 1)
    cells = {name: cell(weight, settings.room) for name, weight in channels.items()}
    optimizer = sgd(model, settings.lr)
    kept = data.retain.endless(64)
    for epoch in range(1, settings.epochs + 1):
        for images, labels in data.forget.epoch(64):
            own_images, own_labels = next(kept)
            forgotten = cross_entropy(model(images), labels).clamp(max=settings.most)
            step(optimizer, cross_entropy(model(own_images), own_labels) - forgotten)
            for name, weight in channels.items():
                weight.copy_(weight.clamp(*cells[name]))
        context.end_epoch(epoch, model)
    return model.eval()


def cell(weight, room):
    """Return the smallest and the largest value of each weight that INT4 rounds as it rounds the weight.

    The largest weight of a channel sets the scale, so it stays where it is, and no other becomes larger.
    """
    rows = weight.flatten(1)
    largest = rows.abs().amax(dim=1, keepdim=True)
    scale = largest / LEVELS
    level = (rows / scale).round() * scale
    low, high = (level + sign * room * scale for sign in (-1, 1))
    low, high = low.clamp(min=-largest), high.clamp(max=largest)
    fixed = rows.abs() == largest
    return torch.where(fixed, rows, low).view_as(weight), torch.where(fixed, rows, high).view_as(weight)
