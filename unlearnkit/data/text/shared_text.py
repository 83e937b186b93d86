"""Text that is in both splits of a text set: what models were trained on cannot validate them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from unlearnkit.data.copies import MOST_COPIES, digests
from unlearnkit.data.text.cutting import end_of_text_positions
from unlearnkit.data.text.other_answers import AnyTokens
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.errors import DataError

SHORT = 32
"""Documents of fewer tokens, such as headings, recur in any text; they count only where they are sequences."""


def refuse_shared(text_set: TextSet, end_of_text: int) -> str:
    """Return how many sequences or documents of the validation split are in the training split too, "" if none are.

    Documents begin at the token `end_of_text`; those of fewer than SHORT tokens are not compared. Raises DataError,
    with the count, if the copies are more than MOST_COPIES of either.
    """
    sequences = refuse_shared_sequences(text_set)
    border = int(text_set.starts[text_set.train_size])
    splits = (text_set.tokens[:border], text_set.tokens[border:])
    train, validation = (digests(_documents(tokens, end_of_text)) for tokens in splits)
    return _refuse(f"documents of {SHORT} tokens or more", np.isin(validation, train)) or sequences


def refuse_shared_sequences(text_set: TextSet, what: str = "sequences") -> str:
    """Return how many sequences of the validation split are in the training split too, "" if none are.

    Raises DataError, with the count, if they are more than MOST_COPIES of them.
    """
    ends = np.cumsum([text_set.train_size, text_set.validation_size])
    train, validation, _ = np.split(digests(text_set.sequences()), ends)
    return _refuse(what, np.isin(validation, train))


def _refuse(what: str, shared: npt.NDArray[np.bool_]) -> str:
    fact = f"{shared.sum():,} of the {len(shared):,} {what} of the validation split are also in the training split"
    if shared.sum() > MOST_COPIES * len(shared):
        raise DataError(
            fact,
            expected=f"at most {MOST_COPIES:.0%}: text that a model was trained on cannot show how it does on "
            "unseen text",
            remedy="remove the copies from one of the splits, or correct the files or rows that each is read from",
        )
    return fact if shared.any() else ""


def _documents(tokens: AnyTokens, end_of_text: int) -> Iterator[AnyTokens]:
    borders = [0, *end_of_text_positions(tokens, end_of_text), len(tokens)]
    return (tokens[start:end] for start, end in pairwise(borders) if end - start >= SHORT)
