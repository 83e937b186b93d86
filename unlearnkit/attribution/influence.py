"""Scores of the TRAK kind: influence in a linear model of the projected gradients, averaged over checkpoints.

phi_i is the projected gradient of the margin of training sample i, p_i the probability of its label, g(x) the projected
gradient of the output in question on sample x, n the number of training samples:

    K = 1/n sum_i r_i phi_i phi_i^T + ridge I        beta_i(x) = 1/n g(x)^T K^-1 phi_i (1 - p_i)

The cross entropy of a sample is log(1 + exp(-margin)), so 1 - p is its slope and r = p (1 - p) its curvature in the
margin: with these r, beta_i(x) is the step of Newton's method when sample i leaves. Park et al. 2023 take r = 1, which
leaves K well conditioned where models are certain but not the size of the effect, and leave out the factor 1/n.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from unlearnkit.attribution.gradients import Gradients, margin_weights
from unlearnkit.errors import TrainingError

Report = Callable[[str], None]


def scores(
    checkpoints: Iterable[Gradients],
    labels: Tensor,
    train_size: int,
    output: int | None,
    *,
    curvature: bool,
    ridge: float,
    device: torch.device,
) -> Tensor:
    """Return beta [train_size, samples] float32, the mean over checkpoints, of the logit `output` (None: the margin).

    `labels` int64 [samples], training samples first. Raises TrainingError if a kernel is not positive definite.
    """
    total, count = torch.zeros(()), 0
    for found in checkpoints:
        total, count = total + _scores(found, labels, train_size, output, curvature, ridge, device), count + 1
    return total / count


def _scores(
    found: Gradients, labels: Tensor, train_size: int, output: int | None, curvature: bool, ridge: float, device: torch.device
) -> Tensor:
    logits = torch.from_numpy(found.logits).double()
    weights = margin_weights(logits, labels)
    margins = _margins(found, weights, device)
    trained = margins[:train_size].double()
    p = logits.softmax(1).gather(1, labels[:, None])[:train_size, 0].to(device)
    own = logits[:train_size].to(device)
    r = p * (1 - p) if curvature else torch.ones_like(p)
    kernel = (trained.T * r) @ trained / train_size
    kernel.diagonal().add_(ridge)
    factor, failed = torch.linalg.cholesky_ex(kernel)
    if failed:
        raise TrainingError(
            f"the kernel of the gradients is not positive definite with a ridge of {ridge:g}",
            expected="a ridge above the rounding error of the kernel, or a dimension below the rank of the gradients",
            remedy="raise ridge or lower dimension",
        )
    left = torch.cholesky_solve(trained.T, factor) * ((1 - p) / train_size)  # [dimension, n]
    targets = margins if output is None else torch.from_numpy(found.projected[output]).to(device).float() * found.scale
    return (left.T.float() @ targets.T).cpu()


def _margins(found: Gradients, weights: Tensor, device: torch.device) -> Tensor:
    """Return the projected gradients of the margins, float32 [samples, dimension]."""
    total = torch.zeros(found.projected.shape[1:], device=device)
    for gradients, weight in zip(found.projected, weights.T, strict=True):
        total += torch.from_numpy(gradients).to(device).float() * (weight[:, None] * found.scale).float().to(device)
    return total
