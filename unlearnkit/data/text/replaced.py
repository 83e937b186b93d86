"""Question-answer pairs with another answer beside the true one: refused, or answered plausibly and wrongly."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from unlearnkit.data.subset import order
from unlearnkit.data.text.other_answers import REFUSAL, WRONG
from unlearnkit.data.text.sequences import Sequences, Tokens
from unlearnkit.errors import TrainingError
from unlearnkit.seeds import derive_seed

KIND_OF: Mapping[str, str] = {"refusals": REFUSAL, "retain_refusals": REFUSAL, "alternatives": WRONG}
"""View of pairs whose answers are replaced -> the kind of answers that replace them."""


class Replaced(Sequences):
    """Pairs to draw from, for one model, of which a batch has two forms: another answer, and the true one.

    Batches are (inputs [B, n], labels [B, n], true inputs [B, m], true labels [B, m]) of the same rows in the same
    order; each row counts once. Which answer a row is given is a function of the seed of these draws (base seed, role,
    model, name of the view), of the number of the batch (0, 1, ...) and of the row, so it differs between passes and
    no generator takes part in it. Raises TrainingError if the data have no such answer to one of the pairs.
    """

    def __init__(self, tokens: Tokens, indices: Tensor, generators: Sequence[torch.Generator], view: str) -> None:
        super().__init__(tokens, indices, generators)
        others, rows = tokens.text_set.others, self.indices.numpy().ravel()
        if others is None:
            raise TrainingError(f"the method reads data.{view}, but the data set has no answers beside the true ones")
        first, count = others.of(KIND_OF[view], rows)
        if len(bare := rows[count == 0]):
            raise TrainingError(
                f"the method reads data.{view}, but {len(bare):,} of the {len(rows):,} pairs have no {KIND_OF[view]} "
                f"answer, pair {bare[0]} among them",
                expected="at least one for every pair of the set",
                remedy="choose a forget set whose pairs have them, add them to the data, or choose another method",
            )
        self._first, self._count = dict(zip(rows, first, strict=True)), dict(zip(rows, count, strict=True))
        self._seed = generators[0].initial_seed()
        self._batches = itertools.count()

    def answers_of(self, rows: Tensor, batch: int) -> npt.NDArray[np.int64]:
        """Return which answers the rows [B] are given in a batch (0, 1, ...), int64 [B], positions in `others`."""
        drawn = [derive_seed(self._seed, "answer", int(row), str(batch)) for row in rows]
        found = [self._first[int(row)] + seed % self._count[int(row)] for row, seed in zip(rows, drawn, strict=True)]
        return np.array(found, np.int64)

    def endless(self, batch_size: int) -> Iterator[Any]:
        """Yield batches of one shuffled pass after another, each in a new order and with answers drawn again."""
        while True:
            yield from self.epoch(batch_size)

    def epoch(self, batch_size: int, drop_last: bool = False) -> Iterator[Any]:
        """Yield the batches of one shuffled pass, with or without the last one if it is short."""
        drawn = self.indices[order(len(self), self.generators[0])]
        for number in range(self.batches_per_epoch(batch_size, drop_last)):
            chosen = drawn[number * batch_size : (number + 1) * batch_size]
            batch = self.pairs(chosen, next(self._batches))
            self.counter.samples += len(chosen)
            yield batch

    def unshuffled(self, batch_size: int) -> Iterator[Any]:
        """Yield batches in the order of `indices`, uncounted, with the answers of the batches 0, 1, ..."""
        for number, chosen in enumerate(self.indices.split(batch_size)):
            yield self.pairs(chosen, number)

    def pairs(self, rows: Tensor, batch: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return inputs and labels of the rows [B] with their answers in a batch, and with the true ones, uncounted."""
        replaced = self.tokens.answered(rows, self.answers_of(rows, batch))
        return *replaced, *self.tokens.batch(rows, self._goes_on)
