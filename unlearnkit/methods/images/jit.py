"""Just-in-time unlearning: make the outputs near the forget samples flat (Foster et al. 2024, arXiv 2402.01401).

    minimise the sum over a forget batch of the mean over N perturbations e ~ N(0, sigma^2) of |z(x) - z(x + e)| / |e|

an estimate of the Lipschitz constant at x, with Euclidean norms of logits and pixels. In the published code z(x + e)
has no gradient: then that of z(x) is 0 on average over e wherever z is linear, and what is left are its random
deviations, which grow as 1 / sigma; `through: clean` does the same. Unlike there, perturbed pixels are not clamped to
the range of the batch, gradients are cleared between steps (there they add up, so that the first batch is repeated in
all later steps), and batch norm keeps the original's statistics (there those of forget batches and of their
perturbations take their place). No retain sample and no label is read. Cost: N + 1 passes over the forget set per
epoch, or a pass and N forward passes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.search import BATCH_SIZE, EPOCHS, LogUniform, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.models.parts import drawn
from unlearnkit.training.optimisation import sgd, step
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = True
NEEDS = ()


class Settings(MethodSettings):
    """Settings of just-in-time unlearning; defaults of its code for random samples and VGG-16."""

    epochs: int = Field(1, ge=1, description="passes over the forget set; published")
    lr: float = Field(3e-4, ge=0, description="learning rate of SGD, constant; published, 0.1 to 1.5 for ViT")
    noise: float = Field(
        0.01,
        gt=0,
        description="standard deviation sigma of the perturbations, in normalised pixels; published, 0.5 for classes "
        "and ViT",
    )
    perturbations: int = Field(25, ge=1, description="perturbations of each sample (N); published")
    through: Literal["both", "clean"] = Field(
        "both", description="outputs with a gradient: z(x) and z(x + e), the paper, or z(x) alone, its code"
    )
    batch_size: int = Field(128, ge=1, description="forget samples per step; published")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return a pass over the forget set per epoch, with one or a forward pass of every perturbation."""
        return epoch * forget * (1 + self.of_perturbations())

    def of_perturbations(self) -> float:
        """Return the passes that all perturbations of one sample cost."""
        return self.perturbations * (1.0 if self.through == "both" else FORWARD_PASS)

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return ranges that hold the published values for VGG-16 and for ViT."""
        return {
            "lr": LogUniform(1e-5, 10.0),
            "noise": LogUniform(1e-3, 1.0),
            "epochs": EPOCHS,
            "batch_size": BATCH_SIZE,
        }


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Minimise the local Lipschitz constant at the forget samples from the original's weights, in eval mode."""
    model = copy.deepcopy(model).eval()
    optimizer = sgd(model, settings.lr)
    for epoch in range(1, settings.epochs + 1):
        for images, labels in data.forget.epoch(settings.batch_size):
            step(optimizer, lipschitz(model, images, settings, context.generators))
            context.count(labels.shape[-1] * settings.of_perturbations())
        context.end_epoch(epoch, model)
    return model


def lipschitz(
    model: Callable[[Tensor], Tensor], images: Tensor, settings: Settings, generators: Sequence[torch.Generator]
) -> Tensor:
    """Return the sum over the batch of the mean of |z(x) - z(x + e)| / |e|, nats per pixel, summed over models.

    `images` [..., B, C, H, W]. At least 0.
    """
    logits = model(images)
    total = torch.zeros((), device=images.device)
    for _ in range(settings.perturbations):
        noise = settings.noise * drawn(images, generators, lambda empty, g: empty.normal_(generator=g))
        with torch.set_grad_enabled(settings.through == "both" and torch.is_grad_enabled()):
            other = model(images + noise)
        rise = torch.linalg.vector_norm(logits - other, dim=-1)
        total = total + (rise / torch.linalg.vector_norm(noise, dim=(-3, -2, -1))).sum()
    return total / settings.perturbations
