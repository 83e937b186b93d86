"""Partners: for every forget sequence the retained ones that are nearest to it, by vectors of their last tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from unlearnkit.data.text.sequences import Tokens
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.models.adapter import Adapter
from unlearnkit.models.language.block_states import block_output, transformer_blocks
from unlearnkit.models.text_readers.neighbours import nearest
from unlearnkit.training.language.observed import in_memory
from unlearnkit.training.precision import products

Vectors = Callable[[Sequence[NDArray[np.integer]]], NDArray[np.float32]]
"""Token sequences -> vectors, float32 [sequences, width]."""


def partners_of(
    text_set: TextSet, forget: NDArray[np.integer], vectors: Vectors, last: int | None, count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the retained rows that are nearest to each of the rows `forget`, and their distances, [rows, count].

    Vectors are those of the `last` tokens of a sequence (None: all). All training rows that are not forgotten may be
    partners, several times over; of equally near ones the lowest row comes first.
    """
    retained = np.setdiff1d(np.arange(text_set.train_size), forget).astype(np.int64)
    queries, others = (vectors(ends(text_set, rows, last)) for rows in (forget, retained))
    places, distances = nearest(queries, others, count)
    return retained[places], distances


def ends(text_set: TextSet, rows: NDArray[np.integer], last: int | None) -> list[NDArray[np.integer]]:
    """Return the last tokens of the sequences `rows`."""
    cut = None if last is None else -last
    stops = text_set.starts + text_set.lengths
    return [text_set.tokens[text_set.starts[row] : stops[row]][cut:] for row in rows]


def state_vectors(model: nn.Module, adapter: Adapter, tokens: Tokens) -> Vectors:
    """Return the vectors that are the states of a model in eval mode after its last block, averaged over tokens."""
    return lambda sequences: np.stack(
        [states.mean(axis=0) for states in token_states(model, adapter, tokens, sequences)]
    )


@products()
@torch.inference_mode()
def token_states(
    model: nn.Module, adapter: Adapter, tokens: Tokens, sequences: Sequence[NDArray[np.integer]]
) -> list[NDArray[np.float32]]:
    """Return the states after the last block of a model in eval mode, of every token of sequences, [tokens, width].

    Sequences are padded on the right, where causal attention never looks. One without tokens has no states.
    """
    block, found = transformer_blocks(adapter)[-1], list[NDArray[np.float32]]()
    for part in in_memory(tokens, np.array([len(sequence) for sequence in sequences])):
        some = sequences[part]
        inputs = np.zeros((len(some), max(1, *map(len, some))), np.int64)
        for number, sequence in enumerate(some):
            inputs[number, : len(sequence)] = sequence
        states = block_output(model, block, torch.from_numpy(inputs).to(tokens.device)).float().cpu().numpy()
        found += [state[: len(sequence)] for state, sequence in zip(states, some, strict=True)]
    return found
