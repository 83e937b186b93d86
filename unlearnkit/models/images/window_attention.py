"""Multi-head attention of the tokens in a window, as in TinyViT and LeViT, without the work for a window's zeros."""

from __future__ import annotations

import functools

import torch
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head attention of a window's tokens, with a learned bias per head and offset between two tokens."""

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.attention_biases = nn.Parameter(torch.zeros(heads, window**2))

    def forward(self, tokens: Tensor, rows: int, columns: int) -> Tensor:
        """Return tokens [windows, rows * columns, width] of the upper left of windows that are zero elsewhere.

        The zeros are all the same key and value, so one of them is computed and counted as often as it occurs: the
        reference's sum, for 4 tokens instead of 196 in the third stage of a 32 x 32 image.
        """
        count, zeros = rows * columns, self.window**2 - rows * columns
        queries, keys, values = self._projected(tokens)
        _, zero_key, zero_value = self._projected(tokens.new_zeros(1, 1, tokens.shape[-1]))
        zero_scores = queries @ zero_key.transpose(-2, -1)
        scores = torch.cat([queries @ keys.transpose(-2, -1), zero_scores.expand(*[-1] * 3, zeros)], dim=-1)
        biases = self.attention_biases[:, _offsets(self.window, rows, columns, tokens.device)]
        weights = (scores * keys.shape[-1] ** -0.5 + biases).softmax(-1)
        mixed = weights[..., :count] @ values + weights[..., count:].sum(-1, keepdim=True) * zero_value
        return self.proj(mixed.transpose(1, 2).reshape(tokens.shape))

    def _projected(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys, values [windows, heads, tokens, width / heads] of tokens [windows, tokens, width]."""
        count, length, _ = tokens.shape
        heads = self.qkv(self.norm(tokens)).reshape(count, length, self.heads, -1).transpose(1, 2)
        queries, keys, values = heads.chunk(3, dim=-1)
        return queries, keys, values


@functools.cache
def _offsets(window: int, rows: int, columns: int, device: torch.device) -> Tensor:
    """Return the numbers of the offsets (|rows|, |columns|) from the upper left tokens of a window to all its tokens.

    Shape [rows * columns, window^2]; the tokens of the upper left come first.
    """
    # the first call may come from a margin job, whose inference tensors could not be used in training afterwards
    with torch.inference_mode(False):
        places = torch.arange(window**2, device=device)
        inside = (places // window < rows) & (places % window < columns)
        first = torch.cat([places[inside], places[~inside]])
        down, across = first // window, first % window
        count = rows * columns
        return (down[:count, None] - down).abs() * window + (across[:count, None] - across).abs()
