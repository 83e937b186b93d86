"""Which earlier tokens a token sees, where that is not all of them: a window, its own document.

Masks are dense. None stands for plain causal attention, for which PyTorch's fused kernels need no mask.
"""

from __future__ import annotations

import torch
from torch import Tensor


def within_window(length: int, window: int | None, device: torch.device) -> Tensor | None:
    """Return which of `length` tokens each one sees of the last `window`, its own included: bool [length, length]."""
    if window is None or window >= length:
        return None
    return _causal(length, device).triu(1 - window)


def within_document(tokens: Tensor, end_of_text: int, window: int | None) -> Tensor:
    """Return which tokens of its own document, in the window, each one sees: bool [B, 1, n, n] for tokens [B, n].

    Every document is preceded by the token `end_of_text`, which is its first.
    """
    length = tokens.shape[1]
    documents = (tokens == end_of_text).cumsum(dim=1)
    seen = within_window(length, window, tokens.device)
    causal = _causal(length, tokens.device) if seen is None else seen
    return ((documents[:, :, None] == documents[:, None, :]) & causal)[:, None]


def _causal(length: int, device: torch.device) -> Tensor:
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()
