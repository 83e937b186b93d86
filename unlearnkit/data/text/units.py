"""Forget units of a cut stream and their positions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from unlearnkit.errors import DataError

COLUMNS = ("unit", "first_sequence", "sequences", "first_token", "tokens")


def unit_columns(
    starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int32], units: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.int64]]:
    """Return the table of forget units, one row per unit in the order of the stream: column -> int64 [units].

    unit            its number
    first_sequence  index of its first sequence
    sequences       its number of sequences, which are consecutive
    first_token     position of its first token in the stream
    tokens          its number of tokens

    `starts`, `lengths` and `units` are those of the sequences. Raises DataError if there are no sequences or `units` is
    not ascending.
    """
    if not len(units) or (np.diff(units) < 0).any():
        raise DataError("there are no sequences, or they are not in the order of their forget units")
    numbers, first, counts = np.unique(units, return_index=True, return_counts=True)
    tokens = np.add.reduceat(lengths.astype(np.int64), first)
    return dict(zip(COLUMNS, (numbers, first, counts, starts[first], tokens), strict=True))
