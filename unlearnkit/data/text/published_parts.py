"""Read a data set that is published in parts, and compare their numbers of rows with those that are published."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unlearnkit.artifacts.raw_rows import raw_rows
from unlearnkit.errors import DataError
from unlearnkit.facts.published_parts import files_of_part

Rows = list[dict[str, Any]]


def read_parts(folder: Path, sizes: Mapping[str, int | None], name: str, source: str) -> dict[str, Rows]:
    """Return the rows of every part of `sizes`, whose numbers of rows are those of the published data set `name`.

    Where a number is None any will do. Raises DataError, naming the part and what to fetch, if one is missing, has
    another number of rows or cannot be read.
    """
    found: dict[str, Rows] = {}
    for part, size in sizes.items():
        files = files_of_part(folder, part)
        if not files:
            raise DataError(
                f"'{folder}' has no {part} of {name} (such as {part}-00000-of-00001.parquet)",
                expected=f"all of {', '.join(sizes)}",
                remedy=f"get it from {source}, and set data.root to that folder",
            )
        found[part] = [row for file in files for row in raw_rows(file)]
        if size is not None and len(found[part]) != size:
            raise DataError(
                f"{part} in '{folder}' has {len(found[part]):,} rows, but that of {name} has {size:,}",
                expected=f"the folder of {name}: no other corpus, and no part of it",
                remedy=f"set data.root to what comes from {source}, or correct data.name",
            )
    return found


def text_of(row: Mapping[str, Any], field: str, where: str) -> str:
    """Return a field of a row; raises DataError, naming `where` the row is, if it is no text."""
    value = row.get(field)
    if not isinstance(value, str):
        raise DataError(f"{where} has no text as {field}", expected=f"the field {field}, as published")
    return value
