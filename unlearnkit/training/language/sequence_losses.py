"""Losses of whole sequences, [B]: preferences between log probabilities, and distances of hidden states."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from unlearnkit.data.text.sequences import IGNORE


def preference(margins: Tensor, beta: float) -> Tensor:
    """Return - (1 / beta) log sigmoid(beta m) of every margin m in nats [B]: log 2 / beta at m = 0, falling in m."""
    return functional.softplus(-beta * margins) / beta


def sequence_means(sums: Tensor, labels: Tensor) -> Tensor:
    """Return the sums over the targets of sequences [B] divided by their number; 0 for a sequence without targets."""
    return sums / (labels != IGNORE).sum(1).clamp(min=1)


def own_tokens(labels: Tensor) -> Tensor:
    """Return at which positions the token itself is a target, bool [B, n]: those after a position with a label.

    The label of a position is the token after it, while a hidden state represents the token at its position.
    """
    return functional.pad(labels[:, :-1] != IGNORE, (1, 0))


def hidden_distances(hidden: Tensor, goal: Tensor, labels: Tensor) -> Tensor:
    """Return for every sequence the mean over its own tokens of ||hidden - goal||^2 / width, [B].

    `hidden` is [B, n, width] and `goal` of a shape that goes with it, without gradient. Every sequence is divided by
    its own number of tokens, 1 at least.
    """
    chosen = own_tokens(labels)
    away = (hidden.float() - goal.detach().float()).square().mean(-1)
    return torch.where(chosen, away, 0).sum(1) / chosen.sum(1).clamp(min=1)
