"""The sequences that a language model sees in each step, for originals and oracles alike."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from unlearnkit.config.training.text_recipe import TextRecipe


class TrainingOrder:
    """The sequences of every step of a training run: a function of recipe, data, set and seeds alone.

    There are `steps` steps, with `sequences` sequences in all. `rows` are the training sequences that the model may
    see, of 0 .. train_size - 1. `generator(stage)` returns a fresh generator. The order of a pass is first drawn over
    the whole training split, so that an oracle sees what its original sees, in the same order, without the forgotten
    sequences ("delete") or with retained ones in their places ("refill").
    """

    def __init__(
        self, recipe: TextRecipe, rows: Tensor, train_size: int, generator: Callable[[str], torch.Generator]
    ) -> None:
        self._recipe, self._train_size, self._generator = recipe, train_size, generator
        self.rows = rows
        self._kept = torch.zeros(train_size, dtype=torch.bool)
        self._kept[rows] = True
        seen = train_size if recipe.forgotten == "refill" else len(rows)
        self.sequences = recipe.epochs * seen
        self.steps_per_epoch = -(-seen // recipe.batch_size)
        self.steps = recipe.epochs * self.steps_per_epoch
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)

    def of_step(self, step: int) -> Tensor:
        """Return the sequences of a step, counted from 0, int64 [batch_size]; fewer in the last step of a pass."""
        epoch, number = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._order_of(epoch)
        size = self._recipe.batch_size
        return self._order[number * size : (number + 1) * size]

    def _order_of(self, epoch: int) -> Tensor:
        order = torch.arange(self._train_size)
        if self._recipe.order == "shuffled":
            order = torch.randperm(self._train_size, generator=self._generator(f"order/{epoch}"))
        if self._recipe.forgotten == "delete":
            return order[self._kept[order]]
        drawn = torch.randint(len(self.rows), (self._train_size,), generator=self._generator(f"refill/{epoch}"))
        return torch.where(self._kept[order], order, self.rows[drawn])
