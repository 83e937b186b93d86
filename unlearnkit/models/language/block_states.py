"""Hidden states of a language model: what one of its transformer blocks puts out."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from unlearnkit.models.adapter import Adapter


def transformer_blocks(adapter: Adapter) -> list[str]:
    """Return the names of the transformer blocks from the input on: the numbered ones, neither embeddings nor head."""
    return [parts[0] for parts in adapter.blocks if len(parts) == 1 and parts[0].rpartition(".")[2].isdigit()]


def block_output(model: nn.Module, block: str, inputs: Tensor) -> Tensor:
    """Return what submodule `block` puts out while the model reads inputs [B, n]: hidden states [B, n, width]."""
    seen: list[Tensor] = []

    def keep(part: nn.Module, given: Any, output: Any) -> None:
        seen.append(output[0] if isinstance(output, tuple) else output)

    hook = model.get_submodule(block).register_forward_hook(keep)
    try:
        model(inputs)
    finally:
        hook.remove()
    return seen[-1]
