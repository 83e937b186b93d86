"""How far weights are from where they began, for methods that stay close to the original."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def squared_distance(weights: Iterable[Tensor], start: Iterable[Tensor]) -> Tensor:
    """Return the sum of (w - w_0)^2 over pairs of tensors of equal shape, hence summed over the models of a stack.

    No gradient reaches `start`.
    """
    pairs = zip(weights, start, strict=True)
    return torch.stack([(weight - first.detach()).square().sum() for weight, first in pairs]).sum()
