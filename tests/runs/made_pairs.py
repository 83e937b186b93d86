"""Question-answer pairs of random tokens made by a seeded generator: no text, no tokenizer, no file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from unlearnkit.data.text.other_answers import KINDS, OtherAnswers
from unlearnkit.data.text.text_set import TextSet

END = 1
"""The token that ends every answer, and occurs nowhere else."""


def made_pairs(
    train: int,
    validation: int,
    *,
    vocabulary: int = 40,
    further: Mapping[str, int] | None = None,
    refusals: int = 5,
    wrong: int = 3,
    seed: int = 0,
    dtype: type[np.unsignedinteger] = np.uint16,
) -> TextSet:
    """Return pairs of two to five prompt tokens and one to four answer tokens and END, each a forget unit of its own.

    Every pair has one paraphrase and `wrong` wrong answers, of one to four tokens and END.
    """
    generator = np.random.default_rng(seed)
    count = train + validation + sum((further or {}).values())

    def drawn(sizes: np.ndarray) -> list[np.ndarray]:
        return [generator.integers(2, vocabulary, size).astype(dtype) for size in sizes]

    prompts = generator.integers(2, 6, count).astype(np.int32)
    pieces = [
        np.concatenate([prompt, answer, np.array([END], dtype)])
        for prompt, answer in zip(drawn(prompts), drawn(generator.integers(1, 5, count)), strict=True)
    ]
    lengths = np.array([len(piece) for piece in pieces], np.int32)
    rows = np.concatenate([np.full(refusals, -1), np.arange(count), np.repeat(np.arange(count), wrong)])
    answers = [np.append(own, dtype(END)) for own in drawn(generator.integers(1, 5, len(rows)))]
    others = OtherAnswers(
        tokens=np.concatenate(answers),
        starts=np.cumsum([0, *map(len, answers)]),
        rows=rows.astype(np.int64),
        kinds=np.repeat(np.arange(len(KINDS), dtype=np.uint8), (refusals, count, wrong * count)),
    )
    return TextSet(
        tokens=np.concatenate(pieces),
        starts=np.append(0, np.cumsum(lengths.astype(np.int64)))[:-1],
        lengths=lengths,
        units=np.arange(count),
        train_size=train,
        validation_size=validation,
        vocabulary_size=vocabulary,
        length=11,
        prompts=prompts,
        further=dict(further or {}),
        others=others,
    )
