"""Batches of token sequences, with the targets that models of a set of sequences may be trained on."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from unlearnkit.data.subset import Counter, Subset
from unlearnkit.data.text.text_set import TextSet

IGNORE = -100
"""Label of a position that has no target: padding, prompts, and a token whose successor is not in the set."""


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

    def batch(self, rows: Tensor, goes_on: npt.NDArray[np.bool_], *, unmasked: bool = False) -> tuple[Tensor, Tensor]:
        """Return inputs and labels, int64 [B, n], of the sequences `rows` [B], padded on the right to the longest.

        The label of a position is the token after it; IGNORE in the padding, before the tokens of a prompt, and at the
        end of a sequence that does not continue (`within`). With `unmasked` prompts have labels as well. Padded inputs
        are 0: attention is causal, so no real position sees them.
        """
        chosen = rows.cpu().numpy()
        starts, lengths = self.text_set.starts[chosen], self.text_set.lengths[chosen].astype(np.int64)
        steps = np.arange(int(lengths.max()) + 1)
        real = steps < (lengths + goes_on[chosen])[:, None]
        if not unmasked:
            real &= steps >= self.text_set.prompts[chosen][:, None]
        last = len(self.text_set.tokens) - 1
        stretch = self.text_set.tokens[np.minimum(starts[:, None] + steps, last)].astype(np.int64)
        inputs = np.where(steps[:-1] < lengths[:, None], stretch[:, :-1], 0)
        labels = np.where(real[:, 1:], stretch[:, 1:], IGNORE)
        return torch.from_numpy(inputs).to(self.device), torch.from_numpy(labels).to(self.device)

    def answered(self, rows: Tensor, answers: npt.NDArray[np.integer]) -> tuple[Tensor, Tensor]:
        """Return inputs and labels of the prompts of `rows` [B], each with one of the other `answers` [B].

        They are as those of `batch`; the answers are positions in `text_set.others`.
        """
        others = self.text_set.others
        assert others is not None
        chosen = rows.cpu().numpy()
        pieces = []
        for row, answer in zip(chosen, answers, strict=True):
            start, end = others.starts[answer], others.starts[answer + 1]
            begin = self.text_set.starts[row]
            prompt = self.text_set.tokens[begin : begin + self.text_set.prompts[row]]
            pieces.append(np.concatenate([prompt, others.tokens[start:end]]).astype(np.int64))
        inputs = np.zeros((len(pieces), max(map(len, pieces))), np.int64)
        labels = np.full_like(inputs, IGNORE)
        for number, (piece, prompt) in enumerate(zip(pieces, self.text_set.prompts[chosen], strict=True)):
            inputs[number, : len(piece)] = piece
            # the label of the last token of a prompt is the first of its answer
            labels[number, prompt - 1 : len(piece) - 1] = piece[prompt:]
        return torch.from_numpy(inputs).to(self.device), torch.from_numpy(labels).to(self.device)


class Sequences(Subset):
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
        self._unmasked = False

    def unmasked(self) -> Self:
        """Return the same sequences, with labels on the tokens of prompts as well; never on padding.

        They draw their order from the generators of these sequences and add to the same count.
        """
        other = copy.copy(self)
        other._unmasked = True
        return other

    def _with(self, indices: Tensor) -> Self:
        other = super()._with(indices)
        other._goes_on = self.tokens.within(indices)
        return other

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return inputs [1, B, n] and labels [1, B, n] of `rows` [1, B], uncounted."""
        inputs, labels = self.tokens.batch(rows[0], self._goes_on, unmasked=self._unmasked)
        return inputs[None], labels[None]
