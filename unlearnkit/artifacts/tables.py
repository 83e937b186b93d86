"""Parquet tables: margins, scores and summaries."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from unlearnkit.artifacts.store import replacing
from unlearnkit.errors import ArtifactError, repair


def write_table(path: str | os.PathLike[str], table: pa.Table, facts: Mapping[str, Any]) -> None:
    """Write a table as Parquet, atomically, with `facts` as JSON in the schema metadata under the key "unlearnkit".

    Floats are split by byte and compressed with zstd; dictionaries are used for text only, since they enlarge floats.
    Pages carry checksums, so that damaged values are an error and never other values.
    """
    floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    texts = [
        field.name for field in table.schema if pa.types.is_dictionary(field.type) or pa.types.is_string(field.type)
    ]
    table = table.replace_schema_metadata({"unlearnkit": json.dumps(facts, sort_keys=True)})
    with replacing(path) as temporary:
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            compression_level=3,
            use_dictionary=texts or False,  # pyright: ignore[reportArgumentType]
            use_byte_stream_split=floats or False,  # pyright: ignore[reportArgumentType]
            write_page_checksum=True,
        )


def read_table(path: str | os.PathLike[str]) -> tuple[pa.Table, dict[str, Any]]:
    """Read a Parquet table and its facts; raises ArtifactError if the file is missing, truncated or corrupt."""
    try:
        # ParquetFile, since read_table brings in the dataset engine: a second in every job
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read(use_threads=False)
        return table, json.loads((table.schema.metadata or {}).get(b"unlearnkit", b"{}"))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise ArtifactError(f"{path} is not a readable Parquet table ({error})", remedy=repair(path)) from None


def rows_to_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> pa.Table:
    """Return a table with one row per mapping; columns in the given order, or in that of the first row."""
    names = list(columns or (rows[0] if rows else ()))
    return pa.table({name: [row.get(name) for row in rows] for name in names})
