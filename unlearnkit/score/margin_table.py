"""Margins of some models on samples, as a file or a folder holds them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unlearnkit.errors import ArtifactError

SPLIT, NUMBER = "split", "sample_index"
"""Columns of a table, and arrays of a .npz or .pt file, that are about samples; tables may call the second `sample`."""
FORMS = (
    "a .parquet or .csv table with a row per sample and a column per model, an array [models, samples] in a .npy, .npz "
    "or .pt file, a folder with margin files of unlearnkit, or one of EasyDUB's, of either edition"
)


@dataclass(frozen=True, eq=False)
class MarginTable:
    """Margins as a file holds them.

    path        file or folder
    margins     floating [models, samples], nats
    split       str [samples], None if the file does not state it
    numbers     int64 [samples], which sample each is (of its split, where there are splits), None if that is not stated
    positional  whether `numbers` of forget and retained samples count columns, not samples of a data set
    """

    path: Path
    margins: NDArray[np.floating]
    split: NDArray[np.str_] | None = None
    numbers: NDArray[np.int64] | None = None
    positional: bool = False

    @property
    def models(self) -> int:
        """Number of models."""
        return self.margins.shape[0]

    @property
    def samples(self) -> int:
        """Number of samples."""
        return self.margins.shape[1]


def checked(table: MarginTable) -> MarginTable:
    """Return a table whose arrays fit together; raises ArtifactError, naming the file, if they do not."""
    if table.margins.ndim != 2 or not np.issubdtype(table.margins.dtype, np.floating) or not table.margins.size:
        raise ArtifactError(
            f"{table.path} holds {table.margins.dtype} of shape {table.margins.shape}",
            expected="floating numbers [models, samples]",
        )
    for name, column in ((SPLIT, table.split), (NUMBER, table.numbers)):
        if column is not None and column.shape != (table.samples,):
            raise ArtifactError(
                f"{name} of {table.path} has shape {column.shape}",
                expected=f"one value for each of {table.samples} samples",
            )
    return table
