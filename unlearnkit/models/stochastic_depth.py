"""Stochastic depth (Huang et al. 2016) whose draws come from the model's own state, not from a global generator.

The layer keeps a seed and a count of its calls as a buffer, as batch norm keeps its statistics. So the draws are
copied, stored, resumed and stacked with the weights, are the same on every device, and differ between models and
layers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_WORD = 0xFFFFFFFF


class StochasticDepth(nn.Module):
    """A residual branch that is left out with probability `rate` for each sample on its own, in train mode only.

    Kept branches are divided by 1 - rate, so that the mean over the draws is what eval mode gives.
    """

    draws: Tensor
    """int64 [2]: the seed of this layer, drawn with its initial weights, and the number of calls in train mode."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.register_buffer("draws", torch.cat([torch.randint(_WORD, (1,)), torch.zeros(1, dtype=torch.int64)]))

    def forward(self, branch: Tensor) -> Tensor:
        """Return the branch [B, ...] with some samples set to zero."""
        if not self.training:
            return branch
        stream = _mixed(_mixed(self.draws[0] + 1) ^ _mixed(self.draws[1] + 1))
        words = _mixed(stream ^ _mixed(torch.arange(1, len(branch) + 1, device=branch.device)))
        self.draws[1].add_(1)
        kept = (words >= self.rate * (_WORD + 1)).to(branch.dtype)
        return branch * (kept / (1 - self.rate)).reshape(-1, *[1] * (branch.dim() - 1))


def redraw(model: nn.Module, seed: int) -> None:
    """Give every such layer of `model`, if it has any, a seed drawn from `seed`, and set its count to 0, in place.

    For copies of one model that are to draw differently.
    """
    generator = torch.Generator().manual_seed(seed)
    for layer in model.modules():
        if isinstance(layer, StochasticDepth):
            layer.draws.copy_(torch.tensor([int(torch.randint(_WORD, (1,), generator=generator)), 0]))


def _mixed(words: Tensor) -> Tensor:
    """Return 32-bit words in int64 after a bijection that changes half of the bits on average.

    The constants are those of a published search for low bias (C. Wellons, hash-prospector); both are below 2^31, so
    that no product leaves 63 bits.
    """
    words = words & _WORD
    words = ((words ^ (words >> 16)) * 0x21F0AAAD) & _WORD
    words = ((words ^ (words >> 15)) * 0x735A2D97) & _WORD
    return words ^ (words >> 15)
