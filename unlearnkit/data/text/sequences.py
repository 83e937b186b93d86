"""Batches of token sequences, with the targets that models of a set of sequences may be trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from unlearnkit.data.draws import Counter, Draws
from unlearnkit.data.text.text_set import TextSet

IGNORE = -100
"""Label of a position that has no target: padding, and a token whose successor is not in the set."""


class Tokens:
    """All sequences of a text set, for batches on one device."""

    def __init__(self, text_set: TextSet, device: torch.device) -> None:
        self.text_set = text_set
        self.device = device
        self._continues = text_set.continues
        self._same_unit = self._continues & np.append(text_set.units[1:] == text_set.units[:-1], False)

    def within(self, indices: Tensor | None) -> npt.NDArray[np.bool_]:
        """Return which sequences may have the token after their last one as a target, bool [sequences].

        With a set of sequences `indices`, those that continue in a sequence of the set; with None, as in every
        evaluation, those that continue in a sequence of their own forget unit.
        """
        if indices is None:
            return self._same_unit
        inside = np.zeros(len(self._continues) + 1, dtype=bool)
        inside[indices.cpu().numpy().ravel()] = True
        return self._continues & inside[1:]

    def batch(self, rows: Tensor, goes_on: npt.NDArray[np.bool_]) -> tuple[Tensor, Tensor]:
        """Return inputs and labels, int64 [B, n], of the sequences `rows` [B], padded on the right to the longest.

        The label of a position is the token after it; IGNORE in the padding and at the end of a sequence that does not
        continue (`within`). Padded inputs are 0: attention is causal, so no real position sees them.
        """
        chosen = rows.cpu().numpy()
        starts, lengths = self.text_set.starts[chosen], self.text_set.lengths[chosen].astype(np.int64)
        steps = np.arange(int(lengths.max()) + 1)
        real = steps < (lengths + goes_on[chosen])[:, None]
        last = len(self.text_set.tokens) - 1
        stretch = self.text_set.tokens[np.minimum(starts[:, None] + steps, last)].astype(np.int64)
        inputs = np.where(steps[:-1] < lengths[:, None], stretch[:, :-1], 0)
        labels = np.where(real[:, 1:], stretch[:, 1:], IGNORE)
        return torch.from_numpy(inputs).to(self.device), torch.from_numpy(labels).to(self.device)


class Sequences(Draws):
    """Sequences to draw from, for one model: batches are inputs [B, n] and labels [B, n].

    No token outside these sequences is ever an input or a target.
    """

    def __init__(
        self,
        tokens: Tokens,
        indices: Tensor,
        generators: Sequence[torch.Generator],
        counter: Counter | None = None,
    ) -> None:
        super().__init__(indices, generators, counter)
        self.tokens = tokens
        self._goes_on = tokens.within(self.indices)

    def _with(self, indices: Tensor) -> Self:
        other = super()._with(indices)
        other._goes_on = self.tokens.within(indices)
        return other

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return inputs [1, B, n] and labels [1, B, n] of `rows` [1, B], uncounted."""
        inputs, labels = self.tokens.batch(rows[0], self._goes_on)
        return inputs[None], labels[None]
