"""Forget sequences, each with its partner, of which some may be left out for a while."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from unlearnkit.data.subset import order
from unlearnkit.data.text.sequences import Sequences


class Partnered(Sequences):
    """Forget sequences to draw from, for one model: batches have the partners of their rows beside them.

    Batches are (inputs [B, n], labels [B, n], inputs [B, m], labels [B, m]), the forget sequences and their partners
    row by row, in the order that the forget set draws. `active` [sequences] says which take part; a batch leaves out
    the others with their partners and may be empty, which `skipped` counts. The last batch of a pass may be short. No
    batch counts: who takes a step counts what goes through the model.
    """

    def __init__(self, forget: Sequences, partners: Sequences) -> None:
        super().__init__(forget.tokens, forget.indices, forget.generators, forget.counter)
        self.partners = partners
        self.active = torch.ones(len(self), dtype=torch.bool)
        self.skipped = 0

    def epoch(self, batch_size: int, drop_last: bool = False) -> Iterator[Any]:
        """Yield the batches of one shuffled pass, with or without the last one if it is short."""
        drawn = order(len(self), self.generators[0])
        for number in range(self.batches_per_epoch(batch_size, drop_last)):
            chosen = drawn[number * batch_size : (number + 1) * batch_size]
            taken = chosen[self.active[chosen]]
            self.skipped += not len(taken)
            yield self.beside(taken)

    def beside(self, places: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the forget sequences at `places` [B] of the set, and their partners, uncounted."""
        if not len(places):
            nothing = torch.zeros((0, 1), dtype=torch.int64, device=self.tokens.device)
            return nothing, nothing, nothing, nothing
        forgotten, other = (
            self.batch(self.indices[places][None]),
            self.partners.batch(self.partners.indices[places][None]),
        )
        return forgotten[0][0], forgotten[1][0], other[0][0], other[1][0]
