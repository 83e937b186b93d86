"""Losses that make targets less certain: logits [B, n, V] and labels [B, n], where IGNORE marks positions without one.

Each is a sum over targets in nats, in float32 whatever the precision of the logits, so that the losses of the parts of
a batch add up to that of the batch. Prompts and padding have no labels and never count. p is the model's distribution
at a target's position, y the target, V the size of the vocabulary.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from unlearnkit.data.text.sequences import IGNORE


def _of_targets(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the logits of all targets in float32 [targets, V]."""
    return logits[labels != IGNORE].float()


def _targets(labels: Tensor) -> Tensor:
    """Return the targets in the order of `_of_targets` [targets, 1]."""
    return labels[labels != IGNORE][:, None]


def _cross_entropy(log_goal: Tensor, log_p: Tensor) -> Tensor:
    """Return - sum_k exp(log_goal_k) log p_k over all rows; a goal of probability zero counts nothing."""
    return -(log_goal.detach().exp() * log_p).sum()


def weighted_sum(logits: Tensor, labels: Tensor, saturation: float, importance: float = 0.0) -> Tensor:
    """Return the sum over targets of p_y^saturation (1 - p_y)^importance (- log p_y), the weight without gradient.

    WGA (arXiv 2502.19301) has `saturation` beta and no importance, SatImp (arXiv 2505.11953) both. With 0 and 0 it is
    the cross entropy.
    """
    log_p = functional.log_softmax(_of_targets(logits, labels), dim=-1).gather(1, _targets(labels))
    certain = log_p.detach()
    # 1 - p from log p keeps its digits where p is almost 1
    weight = certain.exp() ** saturation * (-torch.expm1(certain)) ** importance
    return -(weight * log_p).sum()


def counterfactual_sum(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the sum over targets of the cross entropy of p from its own part without the target (CEU, 2503.01224).

    The goal is p with p_y = 0, renormalised, without gradient: q_k = p_k / (1 - p_y). So the slopes are p_y at z_y and
    p_k - q_k elsewhere. It is computed from logits, since 1 - p_y may round to 0.
    """
    z, target = _of_targets(logits, labels), _targets(labels)
    others = z.detach().scatter(1, target, -torch.inf)
    return _cross_entropy(functional.log_softmax(others, dim=-1), functional.log_softmax(z, dim=-1))


def distilled_sum(logits: Tensor, reference: Tensor, labels: Tensor, beta: float) -> Tensor:
    """Return the sum over targets of the cross entropy of p from softmax(z_reference - beta onehot(y)) (2402.10052).

    No gradient reaches the reference.
    """
    less = _of_targets(reference, labels).detach()
    less = less.scatter_add(1, _targets(labels), torch.full_like(less[:, :1], -beta))
    log_p = functional.log_softmax(_of_targets(logits, labels), dim=-1)
    return _cross_entropy(functional.log_softmax(less, dim=-1), log_p)


def from_uniform_sum(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the sum over targets of KL(uniform || p) = - log V - mean_k log p_k: 0 at uniform p, unbounded above."""
    log_p = functional.log_softmax(_of_targets(logits, labels), dim=-1)
    return -(log_p.mean(-1) + math.log(logits.shape[-1])).sum()


def lost_entropy_sum(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the sum over targets of KL(p || uniform) = log V - entropy of p: from 0 at uniform p to log V."""
    log_p = functional.log_softmax(_of_targets(logits, labels), dim=-1)
    return (math.log(logits.shape[-1]) + (log_p.exp() * log_p).sum(-1)).sum()


def peak_sum(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the sum over targets of (max_k z_k - mean_k z_k)^2: 0 where all logits are equal (PDU, 2506.05314)."""
    z = _of_targets(logits, labels)
    return (z.amax(-1) - z.mean(-1)).square().sum()
