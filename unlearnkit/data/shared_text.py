"""Text that is in both splits of a text set: what models were trained on cannot validate them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from unlearnkit.data.copies import digests
from unlearnkit.data.cutting import end_of_text_positions
from unlearnkit.data.text_set import TextSet
from unlearnkit.errors import DataError

SHORT = 32
"""Documents of fewer tokens, such as headings, recur in any text; they count only where they are sequences."""


def refuse_shared(text_set: TextSet, end_of_text: int) -> None:
    """Raise DataError, with the count, if sequences or documents of the validation split are in the training split too.

    Documents begin at the token `end_of_text`; those of fewer than SHORT tokens are not compared.
    """
    train, validation = np.split(digests(text_set.sequences()), [text_set.train_size])
    _refuse("sequences", np.isin(validation, train))
    border = int(text_set.starts[text_set.train_size])
    splits = (text_set.tokens[:border], text_set.tokens[border:])
    train, validation = (digests(_documents(tokens, end_of_text)) for tokens in splits)
    _refuse(f"documents of {SHORT} tokens or more", np.isin(validation, train))


def _refuse(what: str, shared: npt.NDArray[np.bool_]) -> None:
    if shared.any():
        raise DataError(
            f"{shared.sum():,} of the {len(shared):,} {what} of the validation split are also in the training split",
            expected="none: text that a model was trained on cannot show how it does on unseen text",
            remedy="remove the copies from one of the splits, or correct the files or rows that each is read from",
        )


def _documents(tokens: npt.NDArray[np.uint16], end_of_text: int) -> Iterator[npt.NDArray[np.uint16]]:
    borders = [0, *end_of_text_positions(tokens, end_of_text), len(tokens)]
    return (tokens[start:end] for start, end in pairwise(borders) if end - start >= SHORT)
