"""A stream of tokens in memory or mapped from a file, cut into sequences that belong to forget units."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.errors import DataError


@dataclass(frozen=True, eq=False)
class TextSet:
    """Sequences of tokens: those of the training split first, then those of the validation split.

    tokens           uint16 [tokens], the stream of both splits one after the other; may be a memory map
    starts           int64 [sequences], position in `tokens` of the first token of a sequence
    lengths          int32 [sequences], tokens of a sequence, 2 .. length
    units            int64 [sequences], the forget unit of a sequence, ascending from 0 along the stream
    train_size       the first `train_size` sequences are the training split
    validation_size  the sequences after them
    vocabulary_size  tokens lie in 0 .. vocabulary_size - 1
    length           context length L: the largest number of tokens in a sequence
    raw_files        what the tokens were read from, for provenance

    A sequence never crosses the border of its unit, and sequences share no token. Raises DataError if the arrays do not
    fit together.
    """

    tokens: npt.NDArray[np.uint16]
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int32]
    units: npt.NDArray[np.int64]
    train_size: int
    validation_size: int
    vocabulary_size: int
    length: int
    raw_files: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        sequences = self.train_size + self.validation_size
        _require(min(self.train_size, self.validation_size) > 0, "has an empty split", "a sequence in each split")
        for name, dtype in {"starts": np.int64, "lengths": np.int32, "units": np.int64}.items():
            array = getattr(self, name)
            _require(
                array.dtype == dtype and array.shape == (sequences,),
                f"has {name} of type {array.dtype} and shape {list(array.shape)}",
                f"{np.dtype(dtype)} [{sequences}], one per sequence",
            )
        _require(
            self.tokens.dtype == np.uint16 and self.tokens.ndim == 1,
            f"has tokens of type {self.tokens.dtype} with {self.tokens.ndim} dimensions",
            "uint16 [tokens]",
        )
        low, high = int(self.lengths.min()), int(self.lengths.max())
        _require(
            2 <= low <= high <= self.length,
            f"has sequences of {low} to {high} tokens",
            f"2 to {self.length}: at least one target, at most the context length",
        )
        ends = self.starts + self.lengths
        _require(
            bool((self.starts[1:] >= ends[:-1]).all()) and self.starts[0] >= 0 and ends[-1] <= len(self.tokens),
            "has sequences that overlap or lie outside the stream",
            "sequences in the order of the stream, none of which share a token",
        )
        _require(
            bool((np.diff(self.units) >= 0).all()) and self.units[0] == 0 and self._border_between_units(),
            "has forget units that are not in order",
            "units 0, 1, ... ascending along the stream, none in both splits",
        )

    def _border_between_units(self) -> bool:
        return bool(self.units[self.train_size - 1] < self.units[self.train_size])

    @property
    def split_sizes(self) -> dict[str, int]:
        """Sequences of each split by name, in the order of the rows."""
        return {"train": self.train_size, "validation": self.validation_size}

    @property
    def train_units(self) -> npt.NDArray[np.int64]:
        """The forget unit of every training sequence, int64 [train_size], a view."""
        return self.units[: self.train_size]

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The shape of a sample: the context length."""
        return (self.length,)

    @property
    def num_classes(self) -> int:
        """The number of tokens that a model chooses from at every position: the size of the vocabulary."""
        return self.vocabulary_size

    @property
    def continues(self) -> npt.NDArray[np.bool_]:
        """Whether the token after a sequence is the first of the next one, of the same split: bool [sequences]."""
        follows = np.append(self.starts[1:] == self.starts[:-1] + self.lengths[:-1], False)
        follows[self.train_size - 1] = False
        return follows

    def sequences(self) -> Iterator[npt.NDArray[np.uint16]]:
        """Yield the tokens of every sequence, uint16 [tokens], as views."""
        for start, length in zip(self.starts, self.lengths, strict=True):
            yield self.tokens[start : start + length]

    @property
    def content_hash(self) -> str:
        """SHA-256 (hexadecimal) over sizes, vocabulary, tokens and cuts. Computed again at every call."""
        facts = (self.train_size, self.validation_size, self.vocabulary_size, self.length)
        digest = hashlib.sha256("+".join(map(str, facts)).encode())
        for array, stored in ((self.tokens, "<u2"), (self.starts, "<i8"), (self.lengths, "<i4"), (self.units, "<i8")):
            digest.update(f"|{stored}{array.shape}|".encode())
            digest.update(np.ascontiguousarray(array.astype(stored, copy=False)).data)
        return digest.hexdigest()


def _require(condition: bool, fact: str, expected: str) -> None:
    if not condition:
        raise DataError(f"a text set {fact}", expected=expected, remedy="correct the code that cuts it")
