"""Token sequences made by a seeded generator: no text, no tokenizer, no file."""

from __future__ import annotations

import numpy as np

from unlearnkit.data.text.text_set import TextSet


def made_text(
    train: int, validation: int, *, vocabulary: int, shortest: int, longest: int, per_unit: int = 4, seed: int = 0
) -> TextSet:
    """Return sequences of random tokens and lengths, `per_unit` of them per forget unit, one after the other."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(shortest, longest, train + validation, endpoint=True).astype(np.int32)
    tokens = generator.integers(0, vocabulary, lengths.sum()).astype(np.uint16)
    starts = np.append(0, np.cumsum(lengths.astype(np.int64)))[:-1]
    units = np.append(np.arange(train) // per_unit, -(-train // per_unit) + np.arange(validation) // per_unit)
    return TextSet(tokens, starts, lengths, units, train, validation, vocabulary, longest)
