"""The table of forget units, `units.parquet`: which sequences and tokens each unit has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from unlearnkit.artifacts.tables import read_table, write_table


def write_units(
    path: str | os.PathLike[str], columns: Mapping[str, npt.NDArray[np.int64]], facts: Mapping[str, Any]
) -> None:
    """Write the columns of the forget units, int64 [units] each, and facts about them as one Parquet table."""
    write_table(path, pa.table(dict(columns)), facts)


def read_units(path: str | os.PathLike[str]) -> tuple[dict[str, npt.NDArray[np.int64]], dict[str, Any]]:
    """Read the columns and the facts; raises ArtifactError if the file is missing or damaged."""
    table, facts = read_table(path)
    return {name: table.column(name).to_numpy() for name in table.column_names}, facts
