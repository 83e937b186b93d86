"""Partner files: the retained sequences that are nearest to each of a forget set, a row per sequence and rank.

Columns: row (of the training split, forgotten), rank (0: the nearest), partner (row of the training split, retained),
distance (Euclidean, of the embedder's vectors). The record states the embedder and the hashes of its files.
"""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from unlearnkit.artifacts.tables import read_table, write_table
from unlearnkit.errors import ArtifactError, repair


def write_partners(
    path: str | os.PathLike[str],
    rows: npt.NDArray[np.integer],
    partners: npt.NDArray[np.integer],
    distances: npt.NDArray[np.floating],
) -> None:
    """Write the partners [rows, neighbours] of forget sequences, nearest first, with their distances."""
    count = partners.shape[1]
    columns = {
        "row": pa.array(np.repeat(rows, count), pa.int64()),
        "rank": pa.array(np.tile(np.arange(count), len(rows)), pa.int32()),
        "partner": pa.array(partners.ravel(), pa.int64()),
        "distance": pa.array(distances.ravel(), pa.float64()),
    }
    write_table(path, pa.table(columns), {})


def read_partners(path: str | os.PathLike[str]) -> dict[int, int]:
    """Return forget row -> the retained row that is nearest to it.

    Raises ArtifactError if the file is damaged, or a row has no nearest one.
    """
    table, _ = read_table(path)
    row, rank, partner = (table[name].to_numpy() for name in ("row", "rank", "partner"))
    found = dict(zip(row[rank == 0].tolist(), partner[rank == 0].tolist(), strict=True))
    if found.keys() != {*row.tolist()}:
        raise ArtifactError(f"{path} has sequences without a partner", remedy=repair(path))
    return found
