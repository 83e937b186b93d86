"""Forget sequences whose answers are those of other sequences, drawn at random; labels of one on those of another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from unlearnkit.data.subset import order
from unlearnkit.data.text.sequences import IGNORE, Sequences
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.seeds import derive_seed


class Mismatched(Sequences):
    """The questions of forget sequences, each with the answers of `count` retained sequences, for one model.

    Batches are inputs and labels of B * `count` sequences, the answers of a question one after the other; targets are
    the tokens of the answers. Of plain text, the first half of a sequence stands for its question and the rest for its
    answer. What is longer than the context is cut at its end. Which retained sequences answer a question is a function
    of the seed of the forget set (base seed, role, model), of the number of the batch (0, 1, ...) and of the row.
    """

    def __init__(self, forget: Sequences, retain: Sequences, count: int) -> None:
        self._seed, self._passes = forget.generators[0].initial_seed(), itertools.count()
        super().__init__(forget.tokens, forget.indices, forget.generators, forget.counter)
        self._others, self._count = retain.indices.numpy(), count
        self._batches = itertools.count()

    def answering(self, row: int, batch: int) -> npt.NDArray[np.int64]:
        """Return the retained rows whose answers a question is given in a batch (0, 1, ...), int64 [count]."""
        drawn = [derive_seed(self._seed, "mismatch", row, f"{batch}/{number}") for number in range(self._count)]
        return self._others[[seed % len(self._others) for seed in drawn]]

    def endless(self, batch_size: int) -> Iterator[Any]:
        """Yield batches of one shuffled pass after another, each in a new order and with answers drawn again."""
        while True:
            yield from self.epoch(batch_size)

    def epoch(self, batch_size: int, drop_last: bool = False) -> Iterator[Any]:
        """Yield the batches of one shuffled pass, with or without the last one if it is short.

        The order is of a seed of its own, since the forget set draws from its generator itself.
        """
        seed = derive_seed(self._seed, "mismatch", next(self._passes), "order")
        drawn = self.indices[order(len(self), torch.Generator().manual_seed(seed))]
        for number in range(self.batches_per_epoch(batch_size, drop_last)):
            chosen = drawn[number * batch_size : (number + 1) * batch_size]
            self.counter.samples += len(chosen) * self._count
            yield self.mismatched(chosen, next(self._batches))

    def mismatched(self, rows: Tensor, batch: int) -> tuple[Tensor, Tensor]:
        """Return inputs and labels [B * count, n] of the rows [B] with their answers in a batch, uncounted."""
        text_set, made = self.tokens.text_set, []
        for row in rows.tolist():
            question, _ = _parts(text_set, row)
            for other in self.answering(row, batch).tolist():
                tokens = np.concatenate([question, _parts(text_set, other)[1]])[: text_set.length]
                made.append((tokens.astype(np.int64), len(question)))
        inputs = np.zeros((len(made), max(len(tokens) for tokens, _ in made)), np.int64)
        labels = np.full_like(inputs, IGNORE)
        for number, (tokens, border) in enumerate(made):
            inputs[number, : len(tokens)] = tokens
            # the label of the last token of a question is the first of its answer
            labels[number, border - 1 : len(tokens) - 1] = tokens[border:]
        return torch.from_numpy(inputs).to(self.tokens.device), torch.from_numpy(labels).to(self.tokens.device)


def _parts(text_set: TextSet, row: int) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]:
    """Return the tokens of the question and of the answer of a sequence; both have one at least."""
    start, length = text_set.starts[row], int(text_set.lengths[row])
    border = int(text_set.prompts[row]) or length // 2
    tokens = text_set.tokens[start : start + length]
    return tokens[:border], tokens[border:]


def fitted(labels: Tensor, others: Tensor) -> Tensor:
    """Return the labels `others` [B, m] at the positions of `labels` [B, n] that have a target, [B, n]."""
    found = torch.full_like(labels, IGNORE)
    width = min(labels.shape[1], others.shape[1])
    found[:, :width] = others[:, :width]
    return found.masked_fill(labels == IGNORE, IGNORE)
