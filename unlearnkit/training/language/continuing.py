"""How language models continue documents: the tokens that they find likeliest after a stretch of each.

A document has no end that a model should write, so all continuations have one length. Beams are therefore compared by
the sum of log p, and none is ever finished.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unlearnkit.training.language.extraction import NEVER
from unlearnkit.training.language.generating import greedy
from unlearnkit.training.precision import products


def continued(
    model: nn.Module, prefixes: NDArray[np.integer], count: int, *, beams: int, device: torch.device
) -> NDArray[np.int64]:
    """Return the `count` tokens that a model in eval mode appends to each of the `prefixes` [B, n], int64 [B, count].

    With 1 beam the likeliest token at every step; with more, the likeliest of the sequences that beams keep.
    """
    if beams > 1:
        return _by_beams(model, torch.from_numpy(prefixes.astype(np.int64)).to(device), count, beams)
    length = prefixes.shape[1] + count
    made = greedy(model, list(prefixes), end=NEVER, most=count, length=length, device=device)
    return np.stack([tokens for tokens, _ in made]).astype(np.int64)


@products()
@torch.inference_mode()
def _by_beams(model: nn.Module, prefixes: Tensor, count: int, beams: int) -> NDArray[np.int64]:
    """Keep for every prefix, at every step, the `beams` sequences with the largest sums of log p."""
    rows, length = prefixes.shape
    kept = prefixes[:, None].expand(rows, beams, length)
    sums = torch.full((rows, beams), -torch.inf, device=prefixes.device)
    sums[:, 0] = 0  # at first all beams are the same sequence, which counts once
    for _ in range(count):
        log_p = model(kept.reshape(rows * beams, -1))[:, -1].float().log_softmax(-1)
        size = log_p.shape[-1]
        sums, chosen = (sums[..., None] + log_p.view(rows, beams, size)).flatten(1).topk(beams)
        before = kept.gather(1, (chosen // size)[..., None].expand(-1, -1, kept.shape[-1]))
        kept = torch.cat([before, (chosen % size)[..., None]], dim=-1)
    return kept[:, 0, length:].cpu().numpy()
