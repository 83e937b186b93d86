"""Influence unlearning: a Newton step that takes the forget set out of the loss (Koh and Liang 2017, Izzo et al. 2021).

The Hessian is the empirical Fisher matrix of some retain samples, inverted as WoodFisher does (Singh and Alistarh 2020;
Jia et al. 2023 and Deep Unlearn's `influence`):

    v = sum over F of g_i / n - |F| / (n |R|) * sum over R of g_i,   n = |F| + |R|
    k = (damping + 1/N * sum over N retain samples of g_i g_i^T)^-1 v,   w = w_0 + alpha k

with g_i the gradient of one sample's cross entropy in eval mode, R the retain set and F the forget set. The published
code keeps one vector in place of the matrix. It starts as g_1 and is only ever scaled, so that k differs from v only
along g_1 and is not a product with the inverse; `inverse: published` reproduces it. Unlike in that code, the N samples
are drawn at random, in an order of their own, instead of the first ones. The step is linear in alpha, but every alpha
is a variant that computes its own k.

Cost: one pass over both sets and one over the N samples. Memory: N gradients, 4 N bytes per parameter (9 GB for a
ResNet-9 and 1000 samples), with `inverse: published` one batch of them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.search import LogUniform, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.data.images.batches import Samples
from unlearnkit.errors import TrainingError
from unlearnkit.methods.images.per_sample import per_sample_gradients
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = False
NEEDS = ()
PERTURBS = True


class Settings(MethodSettings):
    """Settings of influence unlearning; defaults of Deep Unlearn apart from alpha."""

    alpha: float = Field(
        1.0, ge=0, description="length of the step, 1 is Newton's; Deep Unlearn 0.2, SalUn tunes it from 1 to 20"
    )
    inverse: Literal["woodfisher", "published"] = Field(
        "woodfisher", description="the inverse of the damped Fisher matrix, or the recursion of the published code"
    )
    samples: int = Field(
        1000,
        ge=1,
        description="retain samples in the Fisher matrix (N), all if they are fewer; Deep Unlearn, whose recursion has "
        "this N even then",
    )
    damping: float = Field(
        1.0, gt=0, description="added to the diagonal by woodfisher, nats per squared weight; Deep Unlearn"
    )
    batch_size: int = Field(64, ge=1, description="samples per pass through the model, without effect on the result")

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return one pass over both sets and one over the samples of the Fisher matrix."""
        return retain + forget + min(self.samples, retain)

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return a range of steps that holds those of the literature, unlike Deep Unlearn's, which ends at 1."""
        return {"alpha": LogUniform(0.1, 50.0)}


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Return w_0 + alpha k, with buffers as they were."""
    model = copy.deepcopy(model).eval()
    total = len(data.forget) + len(data.retain)
    of_forget = summed_gradient(model, data.forget, settings.batch_size, context) / total
    of_retain = summed_gradient(model, data.retain, settings.batch_size, context) / (total * len(data.retain))
    difference = of_forget - len(data.forget) * of_retain
    count = min(settings.samples, len(data.retain))
    chosen = data.retain.part(count, context.generators)
    gradients = gradient_rows(model, chosen, settings.batch_size, context)
    if settings.inverse == "woodfisher":
        step = inverse_fisher_product(gathered(gradients, count), difference, settings.damping)
    else:
        step = published_product(gradients, difference, settings.samples)
    add(model, settings.alpha * step)
    return model


def summed_gradient(model: nn.Module, samples: Samples, batch_size: int, context: Context) -> Tensor:
    """Return the gradient [p] of the cross entropy summed over `samples`, in nats per unit of weight."""
    weights = list(model.parameters())
    total = torch.zeros_like(flat(weights))
    for images, labels in samples.unshuffled(batch_size):
        loss = len(labels) * cross_entropy(model(images), labels)
        total += flat(torch.autograd.grad(loss, weights))
        context.count(len(labels))
    return total


def gradient_rows(model: nn.Module, samples: Samples, batch_size: int, context: Context) -> Iterator[Tensor]:
    """Yield the gradients [B, p] of single samples, a batch at a time."""
    for images, labels in samples.unshuffled(batch_size):
        context.count(len(labels))
        yield torch.cat(
            [gradient.flatten(1) for gradient in per_sample_gradients(model, images, labels).values()], dim=1
        )


def gathered(batches: Iterable[Tensor], count: int) -> Tensor:
    """Return batches [B, p] of `count` rows in all as one tensor [N, p], without holding them twice."""
    done, rows = 0, torch.empty(0)
    for batch in batches:
        rows = rows if done else batch.new_empty(count, batch.shape[1])
        rows[done : done + len(batch)] = batch
        done += len(batch)
    return rows


def inverse_fisher_product(gradients: Tensor, vector: Tensor, damping: float) -> Tensor:
    """Return (damping + G^T G / N)^-1 v, for the gradients G [N, p] of single samples and v [p].

    WoodFisher's recursion of N updates of rank one ends at this product; here they are one update of rank N (Woodbury's
    identity), 1 / damping * (v - G^T (N damping + G G^T)^-1 G v), solved in float64. Raises TrainingError if the
    damping vanishes beside equal gradients.
    """
    count = len(gradients)
    kernel = (gradients @ gradients.T).double()
    kernel.diagonal().add_(count * damping)
    solved, singular = torch.linalg.solve_ex(kernel, (gradients @ vector).double())
    if singular:
        raise TrainingError(
            f"the Fisher matrix of {count} samples has no inverse in float64 with a damping of {damping:g}",
            remedy="raise damping",
        )
    return (vector - gradients.T @ solved.to(vector.dtype)) / damping


def published_product(gradients: Iterable[Tensor], vector: Tensor, count: int) -> Tensor:
    """Return k of the published recursion over single gradients g, in their order, with a constant N = `count`.

    o = g_1, k = v; then for every next g, with t = o.g: k = k - (k.g) / (N + t) o and o = o - t / (N + t) o.
    """
    rows = (row for batch in gradients for row in batch)
    direction, product = next(rows).clone(), vector.clone()
    for row in rows:
        overlap = direction @ row
        product -= (product @ row) / (count + overlap) * direction
        direction -= overlap / (count + overlap) * direction
    return product


def flat(tensors: Sequence[Tensor]) -> Tensor:
    """Return tensors as one vector [p], without their graph."""
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


@torch.no_grad()
def add(model: nn.Module, step: Tensor) -> None:
    """Add a vector [p] to the parameters of a model, in their order."""
    weights = list(model.parameters())
    for weight, part in zip(weights, step.split([weight.numel() for weight in weights]), strict=True):
        weight.add_(part.view(weight.shape))
