"""Which parameters of a language model are hidden matrices, whose updates Muon makes orthogonal."""

from __future__ import annotations

from torch import nn

from unlearnkit.models.adapter import Adapter


def hidden_matrices(model: nn.Module, adapter: Adapter) -> list[str]:
    """Return the names of the matrices between embeddings and head; everything else is for AdamW.

    Embeddings of tokens, positions and values are found by type. A matrix of GPT-2 is [inputs, outputs] and one of
    any other model [outputs, inputs]; that of GPT-2's queries, keys and values is a single one.
    """
    embeddings = [name for name, part in model.named_modules() if isinstance(part, nn.Embedding)]
    outside = tuple(f"{part}." for part in (*embeddings, adapter.classifier))
    return [
        name for name, parameter in model.named_parameters() if parameter.dim() >= 2 and not name.startswith(outside)
    ]
