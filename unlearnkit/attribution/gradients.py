"""Projected gradients of the logits of one model: what scores of the TRAK kind are made of.

g_c(x) = R^T grad z_c(x) / sqrt(dimension), for every class c and sample x; R [parameters, dimension] has entries +1 and
-1, each with probability one half. Models are in eval mode and see plain images. The gradient of the margin needs no
pass of its own: it is a combination of those of the logits (`margin_weights`).

Per model: C backward passes over all samples, and 2 C samples parameters dimension operations for the projection, whose
matrix takes parameters x dimension bytes. Source: Park et al. 2023 (arXiv 2303.14186), section 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap
from torch.nn import functional

from unlearnkit.data.batches import Pixels

ROLE = "trak"
"""Role of the projections in the seeds."""

NUMBERS_AT_ONCE = 2**26
"""Entries of the gradients that are held at a time, 256 MiB; and of the projection that are converted at a time."""


@dataclass(frozen=True)
class Gradients:
    """Projected gradients [classes, samples, dimension] float16 in units of `scale`, and logits [samples, classes]."""

    projected: np.ndarray
    scale: float
    logits: np.ndarray


def rademacher(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """Return int8 [rows, columns] of +1 and -1, each with probability one half, from a CPU generator."""
    matrix = torch.empty(rows, columns, dtype=torch.int8)
    step = max(1, NUMBERS_AT_ONCE // columns)
    for first in range(0, rows, step):
        part = matrix[first : first + step]
        part.random_(0, 2, generator=generator)
    return matrix.mul_(2).sub_(1)


def projected_gradients(model: nn.Module, pixels: Pixels, matrix: Tensor, report: Callable[[str], None]) -> Gradients:
    """Return the gradients of all logits of one model on all samples, projected by `matrix` [parameters, dimension]."""
    model = model.eval()
    tensors = dict(model.named_parameters())
    state = {name: tensor.detach() for name, tensor in tensors.items()} | dict(model.named_buffers())
    parameters = {name: state[name] for name in tensors}

    def logits_of(own: dict[str, Tensor], image: Tensor) -> tuple[Tensor, Tensor]:
        logits = functional_call(model, {**state, **own}, (image[None],))[0].float()
        return logits, logits

    jacobian = vmap(jacrev(logits_of, has_aux=True), in_dims=(None, 0))
    samples, classes = len(pixels.labels), _classes(model, pixels)
    found = np.empty((classes, samples, matrix.shape[1]), np.float32)
    logits = np.empty((samples, classes), np.float32)
    batch = max(1, NUMBERS_AT_ONCE // (classes * len(matrix)))
    for first in range(0, samples, batch):
        rows = torch.arange(first, min(first + batch, samples), device=pixels.device)
        by_name, values = jacobian(parameters, pixels.normalised(rows))
        whole = torch.cat([by_name[name].flatten(2) for name in parameters], dim=2)  # [B, classes, parameters]
        found[:, rows.cpu()] = _projected(whole.transpose(0, 1), matrix).cpu().numpy()
        logits[rows.cpu()] = values.cpu().numpy()
        report(f"gradients on samples {first}-{first + len(rows) - 1} of {samples}")
    scale = float(np.abs(found).max()) or 1.0
    return Gradients((found / scale).astype(np.float16), scale, logits)


def margin_weights(logits: Tensor, labels: Tensor) -> Tensor:
    """Return d margin / d logits [samples, classes]: 1 for the label, - exp(z_c) / sum over the others elsewhere."""
    is_label = functional.one_hot(labels, logits.shape[1]).bool()
    others = logits.masked_fill(is_label, -torch.inf).softmax(1)
    return is_label.to(logits.dtype) - others


def _projected(gradients: Tensor, matrix: Tensor) -> Tensor:
    """Return gradients [classes, B, parameters] @ matrix / sqrt(dimension)."""
    total = gradients.new_zeros(*gradients.shape[:2], matrix.shape[1])
    step = max(1, NUMBERS_AT_ONCE // matrix.shape[1])
    for first in range(0, len(matrix), step):
        total += gradients[..., first : first + step] @ matrix[first : first + step].to(gradients.dtype)
    return total / math.sqrt(matrix.shape[1])


@torch.no_grad()
def _classes(model: nn.Module, pixels: Pixels) -> int:
    return model(pixels.normalised(torch.zeros(1, dtype=torch.long, device=pixels.device))).shape[1]
