"""What one training or unlearning run draws batches from, whatever the samples are."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Self

import torch
from torch import Tensor

from unlearnkit.seeds import derive_seed


class Counter:
    """Number of samples that each model has been handed."""

    def __init__(self) -> None:
        self.samples = 0


class Subset(ABC):
    """Some of the samples of a data set, drawn in batches (inputs, labels): a retain set, a forget set, or all.

    Every model draws its own order from its own CPU generator, so its batches depend neither on the device nor on the
    models beside it. With one generator a batch is [B, ...] and [B, ...]; with K > 1 it is [K, B, ...] and [K, B, ...].
    `indices` is [n], or [K, n] if every model has samples of its own. `passes` counts the samples handed to each model
    so far, those of all parts of the same samples together.
    """

    def __init__(self, indices: Tensor, generators: Sequence[torch.Generator], counter: Counter | None = None) -> None:
        self.indices = indices.cpu()
        self.generators = list(generators)
        self.counter = counter or Counter()

    def __len__(self) -> int:
        return self.indices.shape[-1]

    @property
    def passes(self) -> int:
        """The samples handed to each model so far."""
        return self.counter.samples

    def part(self, count: int, generators: Sequence[torch.Generator]) -> Self:
        """Return `count` of the samples, drawn without replacement for every model from its generator of `generators`.

        They draw their order from the generators of these samples and add to the same count.
        """
        return self._with(torch.stack([rows[order(len(rows), g)[:count]] for rows, g in self.rows(generators)]))

    def repeated(self, times: float) -> Self:
        """Return the samples `times` times over; a fraction takes that part of them once more, from the beginning."""
        whole, rest = divmod(round(times * len(self)), len(self))
        return self._with(torch.cat([self.indices] * whole + [self.indices[..., :rest]], dim=-1))

    def endless(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (inputs, labels) of one shuffled pass after another, each in a new order."""
        while True:
            yield from self.epoch(batch_size)

    def unshuffled(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (inputs, labels) in the order of `indices`, uncounted: the method counts what it does with them."""
        rows = torch.stack([indices for indices, _ in self.rows(self.generators)])
        for first in range(0, len(self), batch_size):
            inputs, labels = self.batch(rows[:, first : first + batch_size])
            yield (inputs, labels) if len(rows) > 1 else (inputs[0], labels[0])

    def batches_per_epoch(self, batch_size: int, drop_last: bool = False) -> int:
        """Return the number of batches of one pass, with or without the last one if it is short."""
        return len(self) // batch_size if drop_last else -(-len(self) // batch_size)

    def epoch(self, batch_size: int, drop_last: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (inputs, labels) of one shuffled pass, with or without the last batch if it is short."""
        drawn = torch.stack([rows[order(len(rows), generator)] for rows, generator in self.rows(self.generators)])
        for number in range(self.batches_per_epoch(batch_size, drop_last)):
            chosen = drawn[:, number * batch_size : (number + 1) * batch_size]
            inputs, labels = self.batch(chosen)
            self.counter.samples += chosen.shape[1]
            yield (inputs, labels) if len(drawn) > 1 else (inputs[0], labels[0])

    def rows(self, generators: Sequence[torch.Generator]) -> Iterator[tuple[Tensor, torch.Generator]]:
        """Yield the indices [n] of every model, with its generator."""
        by_model = self.indices if self.indices.ndim > 1 else [self.indices] * len(generators)
        yield from zip(by_model, generators, strict=True)

    @abstractmethod
    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return inputs [K, B, ...] and labels [K, B, ...] of `rows` [K, B], uncounted."""

    def _with(self, indices: Tensor) -> Self:
        other = copy.copy(self)
        other.indices = indices
        return other


def seeded(base_seed: int, role: str, model_indices: Sequence[int], stage: str) -> list[torch.Generator]:
    """Return one CPU generator per model, seeded for `role` and `stage`."""
    seeds = [derive_seed(base_seed, role, index, stage) for index in model_indices]
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def order(count: int, generator: torch.Generator) -> Tensor:
    """Return 0 .. count - 1 in a random order, int64."""
    return torch.randperm(count, generator=generator)
