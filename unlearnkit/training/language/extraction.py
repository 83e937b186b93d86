"""How much of a sequence a language model writes down by itself, from each of its prefixes: extraction likelihood.

Greedy decoding from a prefix copies the sequence up to the first target that is not the model's first choice, and what
follows depends on that place alone. So one decoding per wrong target answers for all prefixes before it: for a sequence
of T tokens (1 - accuracy) T decodings in place of T.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unlearnkit.data.text.sequences import Tokens
from unlearnkit.training.language.generating import greedy
from unlearnkit.training.language.observed import in_memory
from unlearnkit.training.precision import products

NEVER = -1
"""In place of the token that ends an answer: plain text has none, so decoding ends where the sequence does."""


@products()
@torch.inference_mode()
def extraction_likelihoods(
    model: nn.Module, tokens: Tokens, rows: Tensor, *, n: int, first_prefix: int, batch_size: int
) -> NDArray[np.float32]:
    """Return EL_n of the sequences `rows` under a model in eval mode, float32 [rows] in [0, 1].

    NaN where no prefix leaves n tokens. Prefixes are those of `first_prefix` tokens or more; of a question-answer pair,
    those with the whole prompt, and what is decoded behind the end of an answer does not count. See
    `extraction_likelihood`.
    """
    found = np.full(len(rows), np.nan, np.float32)
    text_set, chosen = tokens.text_set, rows.numpy()
    sequences = [_sequence(tokens, row) for row in chosen]
    for part in in_memory(tokens, text_set.lengths[chosen]):
        numbers = range(*part.indices(len(chosen)))
        choices = first_choices(model, [sequences[number] for number in numbers], tokens.device)
        for number, choice in zip(numbers, choices, strict=True):
            first = max(first_prefix, int(text_set.prompts[chosen[number]]))
            sequence = sequences[number]
            wrong = [place for place in (np.flatnonzero(choice != sequence[1:]) + 1).tolist() if place >= first]
            written = _written_after(model, sequence, wrong, batch_size, tokens.device)
            if text_set.prompts[chosen[number]]:
                written = {place: _ended(decoded, sequence[-1]) for place, decoded in written.items()}
            found[number] = extraction_likelihood(sequence, choice, written, n, first)
    return found


def extraction_likelihood(
    sequence: NDArray[np.integer],
    choices: NDArray[np.integer],
    written: Mapping[int, NDArray[np.integer]],
    n: int,
    first: int,
) -> float:
    """Return EL_n of one sequence of T tokens, in [0, 1]; NaN where T < first + n.

        EL_n = 1 / (T - n - first + 1) * sum over i = first .. T - n of OV_n(decoded from i tokens, the others)
        OV_n(g, s) = n-grams of g, with multiplicity, that occur in s / n-grams of s

    `choices` [T - 1] are the model's first choices after each token but the last. `written` has for every place p >=
    `first` where they differ from the sequence the tokens that greedy decoding appends to the first p tokens, at most
    T - p.
    0: no n-gram is ever reproduced; 1: every suffix is. Source: Jang et al. 2023 (arXiv 2210.01504), who decode from
    every prefix.
    """
    length = len(sequence)
    if length < first + n:
        return float("nan")
    wrong, total = length, 0.0
    grams = _grams(sequence, n)
    for prefix in range(length - 1, first - 1, -1):
        if choices[prefix - 1] != sequence[prefix]:
            wrong = prefix
        if prefix > length - n:
            continue
        decoded = sequence[prefix:] if wrong == length else np.concatenate([sequence[prefix:wrong], written[wrong]])
        true = set(grams[prefix:])
        total += sum(count for gram, count in Counter(_grams(decoded, n)).items() if gram in true) / (
            length - prefix - n + 1
        )
    return total / (length - n - first + 1)


def first_choices(model: nn.Module, sequences: Sequence[NDArray], device: torch.device) -> list[NDArray[np.int64]]:
    """Return a model's first choice after each token but the last of some sequences, each [tokens - 1]."""
    inputs = np.zeros((len(sequences), max(map(len, sequences)) - 1), np.int64)
    for number, sequence in enumerate(sequences):
        inputs[number, : len(sequence) - 1] = sequence[:-1]
    choices = model(torch.from_numpy(inputs).to(device)).argmax(-1).cpu().numpy()
    return [choice[: len(sequence) - 1] for choice, sequence in zip(choices, sequences, strict=True)]


def _sequence(tokens: Tokens, row: int) -> NDArray[np.int64]:
    start = tokens.text_set.starts[row]
    return tokens.text_set.tokens[start : start + tokens.text_set.lengths[row]].astype(np.int64)


def _written_after(
    model: nn.Module, sequence: NDArray[np.int64], places: Sequence[int], batch_size: int, device: torch.device
) -> dict[int, NDArray[np.int64]]:
    """Decode from the first p tokens of a sequence to its length, for every place p."""
    found = {}
    for first in range(0, len(places), batch_size):
        some = places[first : first + batch_size]
        prompts, length = [sequence[:place] for place in some], len(sequence)
        most = length - some[0]
        made = greedy(model, prompts, end=NEVER, most=most, length=length, device=device)
        found |= {place: tokens[: length - place] for place, (tokens, _) in zip(some, made, strict=True)}
    return found


def _ended(decoded: NDArray[np.int64], end: int) -> NDArray[np.int64]:
    """Return the tokens of an answer up to the first `end`, with it."""
    ends = np.flatnonzero(decoded == end)
    return decoded[: ends[0] + 1] if len(ends) else decoded


def _grams(tokens: NDArray[np.integer], n: int) -> list[tuple[int, ...]]:
    return list(zip(*(tokens[place:].tolist() for place in range(n)), strict=False))
