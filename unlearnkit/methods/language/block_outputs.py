"""Outputs of one block of a language model, before any normalisation that follows the last of them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from unlearnkit.errors import TrainingError
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.models.adapter import Adapter
from unlearnkit.models.language.block_states import block_output, transformer_blocks
from unlearnkit.models.parts import sharing
from unlearnkit.training.unlearning import Context


def transformer_block(adapter: Adapter, layer: int) -> str:
    """Return the name of transformer block 0, 1, ... of a model; raises TrainingError if it has fewer.

    Of the blocks of an adapter these are the numbered ones; embeddings and head are none.
    """
    names = transformer_blocks(adapter)
    if layer < len(names):
        return names[layer]
    raise TrainingError(
        f"the method steers block {layer}, but the last transformer block of the model is {len(names) - 1}",
        expected=f"a block from 0 to {len(names) - 1}",
        remedy="lower the setting `layer` of the method",
    )


@torch.no_grad()
def width_of(context: Context, block: str) -> int:
    """Return the width of the hidden states that a block puts out, from one token."""
    original = sharing(context.original).eval()
    token = torch.zeros((1, 1), dtype=torch.int64, device=next(original.parameters()).device)
    return block_output(original, block, token).shape[-1]


def reference_output(context: Context, block: str) -> Callable[[Tensor], Tensor]:
    """Return the hidden states of the frozen original, in eval mode, over its own weights; calls count as cost."""
    original = sharing(context.original).eval()

    def hidden(inputs: Tensor) -> Tensor:
        context.count(FORWARD_PASS * len(inputs))
        with torch.no_grad():
            return block_output(original, block, inputs)

    return hidden
