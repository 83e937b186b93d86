"""SalUn: random labels, but only the weights that matter most to the forget set may move.

    mask = the part `salient` of all weights where |d CE on the forget set / d w| at w_0 is largest
    minimise CE on retain and forget set shuffled together, over the weights of the mask alone
    labels of forget samples: random in every epoch

Source: Fan et al. 2024 (arXiv 2310.12508).

Deep Unlearn's code masks the gradient alone, so weight decay moves the masked weights; it never clears the gradients
that it adds up for the mask, so that the first batches count most, gives a short batch the weight of a full one, and
searches three settings that nothing reads. Here the mask covers the decayed gradient, so that masked weights keep their
bits and have no momentum; the mask is by the gradient of the whole forget set, every sample weighted alike. Not for
stacks: in another one a gradient may round to the other side of the last rank, and a whole weight moves or stays.
Cost: a pass over the forget set for the mask, and `epochs` passes over both sets.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.search import GENERIC, MOMENTUM, Space, Uniform
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples, mixed_epoch
from unlearnkit.methods.images.relabelling import relabelled
from unlearnkit.methods.ranking import lowest
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.optimisation import Optimizer, scheduled_lr, sgd
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = False
NEEDS = ()


class Settings(MethodSettings):
    """Settings of SalUn; defaults of Deep Unlearn."""

    epochs: int = Field(10, ge=1, description="passes over both sets; Deep Unlearn")
    lr: float = Field(0.01, ge=0, description="initial learning rate; Deep Unlearn")
    schedule: Literal["cosine", "constant"] = Field(
        "constant", description="learning rate over epochs, to 0 or constant; Deep Unlearn"
    )
    momentum: float = Field(0.0, ge=0, lt=1, description="SGD momentum; Deep Unlearn")
    weight_decay: float = Field(0.0, ge=0, description="coupled weight decay of the unmasked weights; Deep Unlearn")
    batch_size: int = Field(256, ge=1, description="samples of both sets per step; Deep Unlearn")
    salient: float = Field(
        0.5, gt=0, le=1, description="part of all weights that may move, at least one of them; Deep Unlearn"
    )
    exclude_true_class: bool = Field(
        True, description="whether the random label is a wrong one; Graves et al. Deep Unlearn draws from all classes"
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return a pass over the forget set for the mask, and one over both sets per epoch."""
        return forget + epoch * (retain + forget)

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return Deep Unlearn's space without its settings that nothing reads."""
        return {**GENERIC, "momentum": MOMENTUM, "salient": Uniform(0.01, 1.0)}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Minimise cross entropy on both sets, forget samples with random labels, over the salient weights, in train mode.

    Salient are the weights, of all layers together, where |d CE on F / d w| of the original is largest.
    """
    model = copy.deepcopy(model)
    saliency = _saliency(model, data.forget, settings.batch_size, context)
    masks = lowest([-gradient for gradient in saliency], 1, lambda weights: max(1, int(settings.salient * weights)))
    optimizer = sgd(model, settings.lr, settings.momentum)
    for epoch in range(1, settings.epochs + 1):
        optimizer.lr = scheduled_lr(settings.schedule, settings.lr, (epoch - 1) / settings.epochs)
        model.train()
        for images, labels, is_forget in mixed_epoch(data.retain, data.forget, settings.batch_size):
            logits = model(images)
            classes, exclude = logits.shape[-1], settings.exclude_true_class
            targets = relabelled(labels, is_forget, classes, exclude, context.generators)
            _masked_step(optimizer, cross_entropy(logits, targets), masks, settings.weight_decay)
        context.end_epoch(epoch, model)
    return model.eval()


def _saliency(model: nn.Module, forget: Samples, batch_size: int, context: Context) -> list[Tensor]:
    """Return |gradient of the summed cross entropy of the forget set| of every parameter, in eval mode."""
    model.eval()
    parameters = list(model.parameters())
    totals = [torch.zeros_like(parameter) for parameter in parameters]
    for images, labels in forget.unshuffled(batch_size):
        loss = cross_entropy(model(images), labels) * labels.shape[-1]
        for total, gradient in zip(totals, torch.autograd.grad(loss, parameters), strict=True):
            total += gradient
    context.count(len(forget))
    return [total.abs() for total in totals]


def _masked_step(optimizer: Optimizer, loss: Tensor, masks: Sequence[Tensor], weight_decay: float) -> None:
    """Take one step along the gradient with its weight decay, both 0 where a mask is false, and so the momentum."""
    gradients = torch.autograd.grad(loss, optimizer.parameters)
    with torch.no_grad():
        for parameter, gradient, mask in zip(optimizer.parameters, gradients, masks, strict=True):
            parameter.grad = gradient.add(parameter, alpha=weight_decay).mul_(mask)
    optimizer.step()
