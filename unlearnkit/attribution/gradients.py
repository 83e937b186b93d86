"""Projected gradients of the logits of one model: what scores of the TRAK kind are made of.

g_c(x) = R^T grad z_c(x) / sqrt(dimension), for every class c and sample x; R [parameters, dimension] is random
(`projection`). Models are in eval mode and see plain images. The gradient of the margin needs no pass of its own: it is
a combination of those of the logits (`margin_weights`).

Per model: C backward passes over all samples, and 2 C samples parameters dimension operations for the projection.
Source: Park et al. 2023 (arXiv 2303.14186), section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap
from torch.nn import functional

from unlearnkit.attribution.projection import Projector
from unlearnkit.data.images.batches import Pixels
from unlearnkit.training.precision import products

ROLE = "trak"
"""Role of the projections in the seeds."""

SMALLEST = torch.finfo(torch.float32).tiny


@dataclass(frozen=True)
class Gradients:
    """Projected gradients of the outputs of a model on all samples, and the probability of every sample's label.

    `projected` [classes + 1, samples, dimension] is float16 in units of `scale` [classes + 1, samples]; the logits come
    first, by class, the margin last. `probability` is float32 [samples].
    """

    projected: np.ndarray
    scale: np.ndarray
    probability: np.ndarray


@products()
def projected_gradients(
    model: nn.Module, classes: int, pixels: Pixels, project: Projector, report: Callable[[str], None]
) -> Gradients:
    """Return the gradients of all outputs of one model on all samples, parameters in its order."""
    jacobian = _jacobian(model.eval())
    samples, dimension = len(pixels.labels), project.dimension
    projected = np.empty((classes + 1, samples, dimension), np.float16)
    scale, probability = np.empty((classes + 1, samples), np.float32), np.empty(samples, np.float32)
    batch = max(1, project.numbers_at_once // (classes * parameter_count(model)))
    for first in range(0, samples, batch):
        rows = slice(first, min(first + batch, samples))
        gradients, logits = jacobian(pixels.normalised(torch.arange(rows.start, rows.stop, device=pixels.device)))
        labels = pixels.labels[rows]
        of_logits = project(gradients).transpose(0, 1)  # [classes, B, dimension]
        of_margin = torch.einsum("bc,cbd->bd", margin_weights(logits, labels), of_logits)
        found = torch.cat([of_logits, of_margin[None]])
        largest = found.abs().amax(2)
        projected[:, rows] = (found / largest.clamp_min(SMALLEST)[..., None]).half().cpu().numpy()
        scale[:, rows] = largest.cpu().numpy()
        probability[rows] = logits.softmax(1).gather(1, labels[:, None])[:, 0].cpu().numpy()
        report(f"gradients on samples {rows.start}-{rows.stop - 1} of {samples}")
    return Gradients(projected, scale, probability)


def parameter_count(model: nn.Module) -> int:
    """Return the number of entries of a gradient of the model."""
    return sum(parameter.numel() for parameter in model.parameters())


def _jacobian(model: nn.Module) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Return images [B, C, H, W] -> gradients of all logits [B, classes, parameters] and the logits [B, classes]."""
    parameters = {name: parameter.detach() for name, parameter in model.named_parameters()}
    buffers = dict(model.named_buffers())

    def logits_of(weights: dict[str, Tensor], image: Tensor) -> tuple[Tensor, Tensor]:
        logits = functional_call(model, {**buffers, **weights}, (image[None],))[0].float()
        return logits, logits

    by_sample = vmap(jacrev(logits_of, has_aux=True), in_dims=(None, 0))

    def jacobian(images: Tensor) -> tuple[Tensor, Tensor]:
        by_name, logits = by_sample(parameters, images)
        return torch.cat([by_name[name].flatten(2) for name in parameters], dim=2), logits.detach()

    return jacobian


def margin_weights(logits: Tensor, labels: Tensor) -> Tensor:
    """Return d margin / d logits [samples, classes]: 1 for the label, - exp(z_c) / sum over the others elsewhere."""
    is_label = functional.one_hot(labels, logits.shape[1]).bool()
    others = logits.masked_fill(is_label, -torch.inf).softmax(1)
    return is_label.to(logits.dtype) - others
