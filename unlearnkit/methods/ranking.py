"""The weights of lowest rank, for methods that choose weights by a number that each of them has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def lowest(ranks: Sequence[Tensor], models: int, count: Callable[[int], int]) -> list[Tensor]:
    """Return masks of the shapes of `ranks`: each model's `count(n)` lowest of its n numbers, all tensors together.

    With several models their axis is the first one. Of equal numbers those that come first are chosen.
    """
    flat = torch.cat([tensor.reshape(models, -1) for tensor in ranks], dim=1)
    # stable: many gradients are exactly 0, and a mask must not depend on the device
    chosen = flat.argsort(dim=1, stable=True)[:, : count(flat.shape[1])]
    mask = torch.zeros_like(flat, dtype=torch.bool).scatter_(1, chosen, True)
    pieces = mask.split([tensor.numel() // models for tensor in ranks], dim=1)
    return [piece.reshape(tensor.shape) for piece, tensor in zip(pieces, ranks, strict=True)]
