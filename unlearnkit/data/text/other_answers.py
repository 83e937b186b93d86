"""Answers that may take the place of the true ones of question-answer pairs: refusals, paraphrases, wrong answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unlearnkit.errors import DataError

REFUSAL, PARAPHRASE, WRONG = KINDS = ("refusal", "paraphrase", "wrong")
"""Refusals answer any prompt; paraphrases of the true answer and wrong answers belong to one prompt."""

AnyTokens = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
"""Tokens of vocabularies of at most 65,536, and of larger ones."""

ANY = -1
"""The row of an answer to any prompt."""


@dataclass(frozen=True, eq=False)
class OtherAnswers:
    """Answers as tokens, each with the token that ends it, ordered by kind and then by row.

    tokens  uint16 or uint32 [tokens], all answers one after the other
    starts  int64 [answers + 1], where an answer begins; the last one is the number of tokens
    rows    int64 [answers], the sequence whose prompt it answers, ANY for refusals
    kinds   uint8 [answers], position in KINDS

    Raises DataError if the arrays do not fit together.
    """

    tokens: AnyTokens
    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        sizes, count = np.diff(self.starts), len(self.rows)
        whole = len(self.starts) == count + 1 and len(self.kinds) == count
        if not whole or (sizes < 1).any() or self.starts[0] != 0 or self.starts[-1] != len(self.tokens):
            raise _error(
                "have starts, rows or kinds that do not fit their tokens", "one of each per answer, none empty"
            )
        order = self.kinds.astype(np.int64) * (2 + max(self.rows, default=0)) + self.rows
        if (np.diff(order) < 0).any() or ((self.rows == ANY) != (self.kinds == KINDS.index(REFUSAL))).any():
            raise _error("are not in order", "refusals, which belong to no row, then the other kinds, each by row")

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The number of tokens of every answer, [answers]."""
        return np.diff(self.starts)

    def of(self, kind: str, rows: npt.NDArray[np.integer]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the first answer of a kind to each of the prompts `rows` [n], and how many there are; both [n].

        They are consecutive. Refusals are the same for every prompt.
        """
        first, last = np.searchsorted(self.kinds, [KINDS.index(kind), KINDS.index(kind) + 1])
        prompts = self.rows[first:last]
        wanted = np.full(len(rows), ANY) if kind == REFUSAL else np.asarray(rows, np.int64)
        begin = np.searchsorted(prompts, wanted)
        return first + begin, np.searchsorted(prompts, wanted, side="right") - begin

    def answers(self) -> Iterator[npt.NDArray[np.integer]]:
        """Yield the tokens of every answer as views."""
        for start, end in zip(self.starts[:-1], self.starts[1:], strict=True):
            yield self.tokens[start:end]


def _error(fact: str, expected: str) -> DataError:
    return DataError(f"other answers {fact}", expected=expected, remedy="correct the code that makes them")
