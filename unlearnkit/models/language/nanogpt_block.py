"""The block of the model after modded-nanogpt: attention with normalised queries and keys, squared-ReLU MLP."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

Turns = tuple[Tensor, Tensor]
"""Cosines and sines of the rotary angles, each [n, width of a head / 2]."""


class NanoBlock(nn.Module):
    """One layer: the stream, mixed with the embedded tokens and with an earlier layer, plus attention, plus an MLP."""

    def __init__(self, width: int, hidden: int, attention: Attention | None, *, has_skip: bool) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.tensor([1.0, 0.0]))
        self.skip = nn.Parameter(torch.ones(1)) if has_skip else None
        self.attention = attention
        self.inner = projection(width, hidden)
        self.outer = projection(hidden, width, zero=True)

    def forward(
        self,
        features: Tensor,
        first: Tensor,
        skipped: Tensor | None,
        values: Tensor | None,
        turns: Turns,
        mask: Tensor | None,
    ) -> Tensor:
        """Return the stream [B, n, width] behind this layer.

        `first` is the stream in front of the first layer, `skipped` that behind an earlier one and `values` a value
        embedding of the tokens, all [B, n, width]; `mask` is what attention sees, None for all tokens before.
        """
        if self.skip is not None and skipped is not None:
            features = features + self.skip * skipped
        features = self.mix[0] * features + self.mix[1] * first
        if self.attention is not None:
            features = features + self.attention(normalised(features), values, turns, mask)
        return features + self.outer(functional.relu(self.inner(normalised(features))).square())


class Attention(nn.Module):
    """Causal attention whose queries and keys have length sqrt(width of a head) before they are turned."""

    def __init__(self, width: int, heads: int, scale: float | None, has_values: bool) -> None:
        super().__init__()
        self.heads, self.scale = heads, scale
        # a matrix each, as Muon makes the update of each one orthogonal
        self.queries, self.keys, self.values = (projection(width, width) for _ in range(3))
        self.outer = projection(width, width, zero=True)
        self.mix = nn.Parameter(torch.full((2 if has_values else 1,), 0.5))

    def forward(self, features: Tensor, embedded: Tensor | None, turns: Turns, mask: Tensor | None) -> Tensor:
        """Return what every token gathers [B, n, width]."""
        values = self.mix[0] * self.values(features)
        if embedded is not None:
            values = values + self.mix[1] * embedded
        queries, keys = (turned(normalised(self._split(part(features))), turns) for part in (self.queries, self.keys))
        values = self._split(values).type_as(queries)
        mixed = functional.scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask, is_causal=mask is None, scale=self.scale
        )
        return self.outer(mixed.transpose(1, 2).flatten(2))

    def _split(self, features: Tensor) -> Tensor:
        """Return features [B, n, width] as [B, heads, n, width of a head]."""
        return features.unflatten(2, (self.heads, -1)).transpose(1, 2)


def normalised(features: Tensor) -> Tensor:
    """Return features divided by their root mean square over the last axis."""
    return functional.rms_norm(features, (features.shape[-1],))


def turned(features: Tensor, turns: Turns) -> Tensor:
    """Return features [B, heads, n, d], each pair (i, i + d / 2) turned back by its angle (arXiv 2104.09864)."""
    cosines, sines = turns
    left, right = features.float().chunk(2, dim=-1)
    return torch.cat([left * cosines + right * sines, right * cosines - left * sines], dim=-1).type_as(features)


def projection(inputs: int, outputs: int, *, zero: bool = False) -> nn.Linear:
    """Return a linear layer without bias: weights uniform with deviation 0.5 / sqrt(inputs), or zero."""
    layer = nn.Linear(inputs, outputs, bias=False)
    bound = 0.0 if zero else 0.5 * math.sqrt(3 / inputs)
    nn.init.uniform_(layer.weight, -bound, bound)
    return layer
