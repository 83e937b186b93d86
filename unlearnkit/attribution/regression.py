"""Regression datamodels: sparse linear regressions from which samples a model was trained on to each of its outputs.

min over b, beta of 1/(2M) sum_k (f_k(x) - b - sum_i beta_i 1[i in S_k])^2 + alpha ||beta||_1, one for every sample x
(Ilyas et al. 2022, arXiv 2202.00622; Georgiev et al. 2024, arXiv 2410.23232). alpha is a fraction of the smallest one
that gives beta = 0, which differs from sample to sample; the fraction is given, or chosen on models held out.

All samples are solved at once by proximal gradients with momentum (FISTA, Beck and Teboulle 2009) that restarts per
sample where it overshoots (O'Donoghue and Candes 2015). An iteration is two products, 4 M n operations per sample x;
memory is a few [n, TARGETS] beside the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unlearnkit.errors import TrainingError

TARGETS = 512
"""Samples x whose regressions are solved together."""

CHOSEN_ON = 256
"""Samples x, evenly spread, on which the regularisation is chosen."""

HELD_OUT = 0.2
"""Part of the models that the regularisation is chosen on; the last ones, whose subsets are as random as any."""

MOST_ITERATIONS = 1000
TOLERANCE = 1e-3
FEWEST_MODELS = 8

Report = Callable[[str], None]


@dataclass(frozen=True)
class Fit:
    """Datamodels of one output: beta [n, samples] float16 in units of `scale` [samples] float32, nats.

    `regularization` is the one that was taken. `explained` holds, for every one tried, the part of the variance over
    held-out models that is predicted, averaged over samples; 1 is best, 0 no better than the mean. `failed` models had
    outputs that are not finite.
    """

    weights: Tensor
    scale: Tensor
    regularization: float
    explained: dict[float, float]
    failed: int


def fit(inclusion: Tensor, outputs: Tensor, fractions: Sequence[float], report: Report) -> Fit:
    """Return the datamodels of one output: `inclusion` bool [M, n], `outputs` floating [M, samples] in nats.

    `fractions` are those of the smallest alpha that gives beta = 0, falling; if there are several, the one that
    predicts held-out models best is taken. Models with outputs that are not finite are left out; raises TrainingError
    if fewer than FEWEST_MODELS remain.
    """
    finite = outputs.isfinite().all(1)
    failed = len(finite) - int(finite.sum())
    if len(finite) - failed < FEWEST_MODELS:
        raise TrainingError(
            f"the outputs of {failed} of {len(finite)} models are not finite",
            expected=f"at least {FEWEST_MODELS} models to fit datamodels to",
            remedy="these models diverged: lower training.lr",
        )
    inclusion, outputs = inclusion[finite].float(), outputs[finite]
    models, samples = outputs.shape
    explained: dict[float, float] = {}
    if len(fractions) > 1:
        trained = models - math.ceil(HELD_OUT * models)
        chosen_on = torch.linspace(0, samples - 1, min(CHOSEN_ON, samples)).long()
        validated = outputs[:, chosen_on].float()
        for fraction, beta in lasso_path(inclusion[:trained], validated[:trained], fractions):
            explained[fraction] = _explained(inclusion, validated, trained, beta)
            report(f"regularization {fraction:g}: R2 {explained[fraction]:.4f} on held-out models")
    best = max(explained, key=explained.__getitem__) if explained else fractions[0]
    path = [fraction for fraction in fractions if fraction >= best]
    curvature = largest_curvature(inclusion)
    weights = torch.empty(inclusion.shape[1], samples, dtype=torch.float16)
    scale = torch.empty(samples)
    for first in range(0, samples, TARGETS):
        columns = slice(first, first + TARGETS)
        beta = lasso(inclusion, outputs[:, columns].float(), path, curvature=curvature)
        weights[:, columns], scale[columns] = in_half_precision(beta)
        report(f"samples {first}-{min(first + TARGETS, samples) - 1} of {samples}")
    return Fit(weights, scale, best, explained, failed)


def in_half_precision(beta: Tensor) -> tuple[Tensor, Tensor]:
    """Return beta [n, T] as float16 in units of the largest absolute value of every column, and these units [T]."""
    scale = beta.abs().amax(0)
    return (beta / scale.clamp_min(torch.finfo(torch.float32).tiny)).half().cpu(), scale.float().cpu()


def largest_curvature(inclusion: Tensor) -> Tensor:
    """Return the largest eigenvalue of D D^T / M, D the centred `inclusion` [M, n]: 1 / it is the length of a step.

    It costs M^2 n products and a decomposition of order M^3, as much as many iterations if there are many models.
    """
    design = inclusion - inclusion.mean(0)
    return torch.linalg.eigvalsh(design @ design.T)[-1] / len(design)


def lasso(
    inclusion: Tensor,
    outputs: Tensor,
    fractions: Sequence[float],
    tolerance: float = TOLERANCE,
    curvature: Tensor | None = None,
) -> Tensor:
    """Return beta [n, T] for the last of `fractions`, by way of the others (see `lasso_path`)."""
    *_, (_, beta) = lasso_path(inclusion, outputs, fractions, tolerance, curvature)
    return beta


def lasso_path(
    inclusion: Tensor,
    outputs: Tensor,
    fractions: Sequence[float],
    tolerance: float = TOLERANCE,
    curvature: Tensor | None = None,
) -> Iterator[tuple[float, Tensor]]:
    """Yield (fraction, beta [n, T]) for alpha = fraction x the smallest that gives beta = 0, each from the one before.

    `inclusion` [M, n] is 0 or 1, `outputs` [M, T]. A solution ends when no beta moves by more than `tolerance` of the
    largest of its sample in an iteration, or after MOST_ITERATIONS. `curvature` is `largest_curvature(inclusion)`, for
    callers that know it already.
    """
    design, targets = inclusion - inclusion.mean(0), outputs - outputs.mean(0)
    models = len(design)
    curvature = largest_curvature(inclusion) if curvature is None else curvature
    smallest = (design.T @ targets).abs().amax(0) / models  # [T]
    beta = torch.zeros(design.shape[1], targets.shape[1], device=design.device)
    for fraction in fractions:
        beta = _fista(design, targets, beta, fraction * smallest, 1 / curvature, tolerance)
        yield fraction, beta


def _fista(design: Tensor, targets: Tensor, beta: Tensor, alpha: Tensor, step: Tensor, tolerance: float) -> Tensor:
    ahead, momentum = beta, torch.ones(beta.shape[1], device=beta.device)
    for _ in range(MOST_ITERATIONS):
        gradient = design.T @ (design @ ahead - targets)
        proposal = ahead - gradient * (step / len(design))
        moved = proposal - proposal.clamp(-alpha * step, alpha * step)
        change = moved - beta
        overshot = ((ahead - moved) * change).sum(0) > 0
        following = (1 + torch.sqrt(1 + 4 * momentum**2)) / 2
        inertia = torch.where(overshot, 0.0, (momentum - 1) / following)
        momentum = torch.where(overshot, 1.0, following)
        ahead, beta = moved + inertia * change, moved
        if (change.abs().amax(0) <= tolerance * beta.abs().amax(0)).all():
            break
    return beta


def _explained(inclusion: Tensor, outputs: Tensor, trained: int, beta: Tensor) -> float:
    """Return 1 - residual / total variance on the models after the first `trained`, averaged over samples."""
    intercept = outputs[:trained].mean(0) - inclusion[:trained].mean(0) @ beta
    truth = outputs[trained:]
    residual = (truth - intercept - inclusion[trained:] @ beta).square().sum(0)
    total = (truth - outputs[:trained].mean(0)).square().sum(0)
    return float((1 - residual / total.clamp_min(1e-12)).mean())
