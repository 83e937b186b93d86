"""Cutting a stream of tokens into sequences, and grouping these into forget units, without overlap.

A sequence is a stretch of the stream of at most L tokens, the context length; models are trained and evaluated on
sequences. A forget unit is a group of consecutive sequences. The target of a token is the next one, so every sequence
has at least two tokens.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from unlearnkit.data.text.other_answers import AnyTokens
from unlearnkit.data.text.token_shards import Stream
from unlearnkit.errors import DataError

Unit = Literal["sequence", "step", "document", "group"]
"""What can be forgotten; groups exist only of question-answer pairs, which are not cut."""
AnyStream = AnyTokens | Stream
"""Tokens in one array, or in several one after the other."""

SHORTEST = 2
"""The fewest tokens of a sequence that has a target."""

_CHUNK = 1 << 24
"""Tokens searched at a time; bounds the memory where the stream is a map of gigabytes."""


class Cut(NamedTuple):
    """Sequences of a stream, in its order.

    starts   int64 [sequences]  position of the first token
    lengths  int32 [sequences]  tokens, 2..L
    units    int64 [sequences]  forget unit, 0, 1, ...
    """

    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int32]
    units: npt.NDArray[np.int64]


def cut(
    tokens: AnyStream,
    length: int,
    unit: Unit,
    *,
    end_of_text: int,
    unit_sequences: int = 1,
    name: str = "a split",
) -> Cut:
    """Return the sequences of at most `length` tokens of one split's stream, and the forget units that they make up.

    sequence   consecutive stretches of exactly `length` tokens, each a unit. A shorter remainder at the end is dropped.
    step       the same stretches, `unit_sequences` of them to a unit. An incomplete last unit is dropped too.
    document   a document is a unit. It begins at an end-of-text token, the first one where the stream begins; the last
               one ends where the stream ends. It is cut into stretches of `length` tokens and a remainder; a remainder
               of one token takes another from the stretch before it. Documents of one token have no target and are
               dropped; all others are kept to their last token.

    Raises DataError, with the `name` of the stream, if it is too short for a unit, or `length` for a target.
    """
    least = 3 if unit == "document" else SHORTEST  # a stretch of two tokens cannot spare one
    if length < least:
        raise DataError(
            f"sequences of {length} tokens are too short for forget units of the kind {unit}",
            expected=f"at least {least}",
            remedy="raise data.sequence_length",
        )
    found = _documents(tokens, length, end_of_text) if unit == "document" else _windows(tokens, length, unit_sequences)
    if not len(found.starts):
        smallest = SHORTEST if unit == "document" else length * unit_sequences
        raise DataError(
            f"{name} has {len(tokens):,} tokens, but no {unit} of {smallest:,}",
            expected="at least one",
            remedy="use more text, or lower data.sequence_length or the size of forget units",
        )
    return found


def _windows(tokens: AnyStream, length: int, unit_sequences: int) -> Cut:
    units = len(tokens) // (length * unit_sequences)
    starts = np.arange(units * unit_sequences, dtype=np.int64) * length
    return Cut(
        starts, np.full(len(starts), length, np.int32), np.repeat(np.arange(units, dtype=np.int64), unit_sequences)
    )


def sequences_of(sizes: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.int64]:
    """Return how many sequences of at most `length` tokens documents of `sizes` tokens [documents] are cut into."""
    return np.where(sizes < SHORTEST, 0, -(-sizes // length))


def _documents(tokens: AnyStream, length: int, end_of_text: int) -> Cut:
    begins = end_of_text_positions(tokens, end_of_text)
    begins = np.concatenate([[0], begins]) if len(tokens) and tokens[:1] != end_of_text else begins
    sizes = np.diff(begins, append=len(tokens))
    begins, sizes = begins[sizes >= SHORTEST], sizes[sizes >= SHORTEST]
    counts = sequences_of(sizes, length)
    units = np.repeat(np.arange(len(begins), dtype=np.int64), counts)
    first = np.cumsum(counts) - counts
    within = np.arange(len(units), dtype=np.int64) - first[units]
    starts = begins[units] + length * within
    lengths = np.minimum(length, sizes[units] - length * within)
    single = np.flatnonzero(lengths == 1)
    starts[single] -= 1
    lengths[single] += 1
    lengths[single - 1] -= 1
    return Cut(starts, lengths.astype(np.int32), units)


def end_of_text_positions(tokens: AnyStream, end_of_text: int) -> npt.NDArray[np.int64]:
    """Return the positions of the token `end_of_text`, where documents begin, int64, ascending."""
    parts = [
        first + np.flatnonzero(tokens[first : first + _CHUNK] == end_of_text) for first in range(0, len(tokens), _CHUNK)
    ]
    return np.concatenate([np.empty(0, np.int64), *parts])
