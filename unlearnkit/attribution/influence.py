"""Scores of the TRAK kind: influence in a linear model of the projected gradients, averaged over checkpoints.

phi_i is the projected gradient of the margin of training sample i, p_i the probability of its label, g(x) the projected
gradient of the output in question on sample x, n the number of training samples:

    K = 1/n sum_i r_i phi_i phi_i^T + ridge I        beta_i(x) = 1/n g(x)^T K^-1 phi_i (1 - p_i)

The cross entropy of a sample is log(1 + exp(-margin)), so 1 - p is its slope and r = p (1 - p) its curvature in the
margin: with these r, beta_i(x) is the step of Newton's method when sample i is removed, in nats. Park et al. 2023
(arXiv 2303.14186) take r = 1, with a sum as the kernel: their scores are those, with lambda = n ridge. They rank
samples and have no unit. A logit and the margin share the kernel; only g differs.

Per checkpoint and output: n d^2 + n d samples products for n training samples and d dimensions, and a factorisation of
d^3/3; memory: n samples numbers for the sum, as many for a checkpoint's, and n d and d^2 in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from unlearnkit.artifacts.attribution import GradientFile
from unlearnkit.errors import TrainingError
from unlearnkit.layout import MARGIN


def mean_scores(
    checkpoints: Sequence[GradientFile],
    output: str,
    train_size: int,
    *,
    curvature: bool,
    ridge: float,
    device: torch.device,
    report: Callable[[str], None],
) -> Tensor:
    """Return beta float32 [train_size, samples] of an output (a logit or the margin), the mean over checkpoints."""
    total: Tensor | None = None
    for number, file in enumerate(checkpoints, start=1):
        margins, targets = (torch.from_numpy(file.gradients(name)).to(device) for name in (MARGIN, output))
        probability = torch.from_numpy(file.probability()).to(device)
        of_checkpoint = scores(
            margins[:train_size], probability[:train_size], targets, curvature=curvature, ridge=ridge
        )
        # in place: a third matrix of this size would be the most that the job holds
        total = of_checkpoint if total is None else total.add_(of_checkpoint)
        del of_checkpoint
        report(f"checkpoint {number} of {len(checkpoints)}")
    assert total is not None  # there is at least one checkpoint
    return total.div_(len(checkpoints))


def scores(margins: Tensor, probability: Tensor, targets: Tensor, *, curvature: bool, ridge: float) -> Tensor:
    """Return beta float32 [train_size, samples] of one checkpoint.

    `margins` [train_size, dimension] are projected gradients of the margins of the training samples, `probability`
    [train_size] those of their labels, `targets` [samples, dimension] the projected gradients of the output on all
    samples. Raises TrainingError if the kernel is not positive definite.
    """
    phi, p = margins.double(), probability.double()
    r = p * (1 - p) if curvature else torch.ones_like(p)
    kernel = (phi.T * r) @ phi / len(phi)
    kernel.diagonal().add_(ridge)
    factor, failed = torch.linalg.cholesky_ex(kernel)
    if failed:
        raise TrainingError(
            f"the kernel of the gradients is not positive definite with a ridge of {ridge:g}",
            expected="finite gradients, and a ridge above the rounding error of the kernel",
            remedy="raise ridge or lower dimension; if gradients are not finite, the originals diverged",
        )
    solved = torch.cholesky_solve(phi.T, factor) * ((1 - p) / len(phi))  # [dimension, train_size]
    return solved.T.float() @ targets.T
