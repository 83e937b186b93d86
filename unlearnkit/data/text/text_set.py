"""A stream of tokens in memory or mapped from a file, cut into sequences that belong to forget units.

A sequence is a stretch of text, or a question-answer pair: a prompt and then its answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.data.text.other_answers import AnyTokens, OtherAnswers
from unlearnkit.errors import DataError

VIEWS: Mapping[str, str] = {
    "holdout": "validation",
    "refusals": "forget",
    "retain_refusals": "retain",
    "alternatives": "forget",
}
"""Sets of a method beside retain and forget that pairs provide -> the set whose rows they have."""

_ALWAYS = ("tokens", "starts", "lengths", "units")


@dataclass(frozen=True, eq=False)
class TextSet:
    """Sequences of tokens: those of the training split first, then those of the validation split, then further ones.

    tokens           uint16 or uint32 [tokens], the stream of all splits one after the other; may be a memory map
    starts           int64 [sequences], position in `tokens` of the first token of a sequence
    lengths          int32 [sequences], tokens of a sequence, 2 .. length
    units            int64 [sequences], the forget unit of a sequence, ascending from 0 along the stream
    train_size       the first `train_size` sequences are the training split
    validation_size  the sequences after them
    vocabulary_size  tokens lie in 0 .. vocabulary_size - 1
    length           context length L: the largest number of tokens in a sequence
    raw_files        what the tokens were read from, for provenance
    prompts          int32 [sequences], the first tokens of a sequence that are its prompt and no targets; 0, as in all
                     of plain text: every token but the first is a target
    further          sizes of further splits by name, which are evaluated and never trained on
    others           what may stand in the place of answers; None where there is nothing

    A sequence never crosses the border of its unit, and sequences share no token. Raises DataError if the arrays do not
    fit together.
    """

    tokens: AnyTokens
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int32]
    units: npt.NDArray[np.int64]
    train_size: int
    validation_size: int
    vocabulary_size: int
    length: int
    raw_files: tuple[Path, ...] = ()
    prompts: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    further: Mapping[str, int] = field(default_factory=dict)
    others: OtherAnswers | None = None

    def __post_init__(self) -> None:
        sequences = sum(self.split_sizes.values())
        if not len(self.prompts):
            object.__setattr__(self, "prompts", np.zeros(sequences, np.int32))
        _require(min(self.split_sizes.values()) > 0, "has an empty split", "a sequence in each split")
        for name, dtype in {"starts": np.int64, "lengths": np.int32, "units": np.int64, "prompts": np.int32}.items():
            array = getattr(self, name)
            _require(
                array.dtype == dtype and array.shape == (sequences,),
                f"has {name} of type {array.dtype} and shape {list(array.shape)}",
                f"{np.dtype(dtype)} [{sequences}], one per sequence",
            )
        _require(
            self.tokens.dtype in (np.uint16, np.uint32) and self.tokens.ndim == 1,
            f"has tokens of type {self.tokens.dtype} with {self.tokens.ndim} dimensions",
            "uint16 or uint32 [tokens]",
        )
        low, high = int(self.lengths.min()), int(self.lengths.max())
        _require(
            2 <= low <= high <= self.length,
            f"has sequences of {low} to {high} tokens",
            f"2 to {self.length}: at least one target, at most the context length",
        )
        _require(
            bool((self.prompts >= 0).all() and (self.targets > 0).all()),
            f"has sequences with at least {(self.prompts - self.lengths).max()} more tokens in the prompt than in all",
            "an answer of at least one token after every prompt",
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
        return {"train": self.train_size, "validation": self.validation_size, **self.further}

    @property
    def targets(self) -> npt.NDArray[np.int64]:
        """The tokens of each sequence that are targets within it, int64 [sequences]: of pairs, those of the answer."""
        return self.lengths.astype(np.int64) - np.maximum(self.prompts, 1)

    @property
    def views(self) -> Mapping[str, str]:
        """Sets that methods may read beside retain and forget -> the set whose rows they have; only pairs have some."""
        return VIEWS if self.others is not None else {}

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
        """Whether the token after a sequence is the first of the next one, of the same split: bool [sequences].

        A pair ends with its answer: nothing continues in it, and it continues in nothing.
        """
        follows = np.append(self.starts[1:] == self.starts[:-1] + self.lengths[:-1], False)
        follows[np.cumsum([*self.split_sizes.values()]) - 1] = False
        plain = self.prompts == 0
        return follows & plain & np.append(plain[1:], False)

    def sequences(self) -> Iterator[AnyTokens]:
        """Yield the tokens of every sequence, [tokens], as views."""
        for start, length in zip(self.starts, self.lengths, strict=True):
            yield self.tokens[start : start + length]

    def questions(self) -> Iterator[AnyTokens]:
        """Yield the tokens of the prompt of every sequence, [tokens], as views."""
        for start, prompt in zip(self.starts, self.prompts, strict=True):
            yield self.tokens[start : start + prompt]

    @property
    def content_hash(self) -> str:
        """SHA-256 (hexadecimal) over sizes, vocabulary, tokens and cuts, and over what pairs have beside these.

        Computed again at every call.
        """
        facts = (self.train_size, self.validation_size, self.vocabulary_size, self.length)
        digest = hashlib.sha256("+".join(map(str, facts)).encode())
        for name, array in self.arrays.items():
            stored = array.dtype.newbyteorder("<").str
            named = "" if name in _ALWAYS else name
            digest.update(f"|{named}{stored}{array.shape}|".encode())
            digest.update(np.ascontiguousarray(array.astype(stored, copy=False)).data)
        for name, size in self.further.items():
            digest.update(f"|{name}={size}|".encode())
        return digest.hexdigest()

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name, as they are written and hashed; those of pairs only where there are pairs."""
        found = {name: getattr(self, name) for name in _ALWAYS}
        if self.prompts.any():
            found["prompts"] = self.prompts
        if self.others is not None:
            found |= {f"others_{name}": array for name, array in vars(self.others).items()}
        return found


def _require(condition: bool, fact: str, expected: str) -> None:
    if not condition:
        raise DataError(f"a text set {fact}", expected=expected, remedy="correct the code that cuts it")
