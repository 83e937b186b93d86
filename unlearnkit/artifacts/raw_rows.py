"""Rows of raw files that others publish: Parquet, JSON, JSON lines, or a text, which is one row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from unlearnkit.errors import DataError

ENDINGS = (".parquet", ".jsonl", ".json", ".txt")


def raw_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file: field -> value each; a text, also one in a list of JSON, is the field `text`.

    Raises DataError, naming the file and where there is one the line, if it cannot be read or holds no rows.
    """
    read = {".parquet": _parquet, ".jsonl": _lines, ".json": _json, ".txt": lambda text_file: [_text(text_file)]}
    found = [{"text": row} if isinstance(row, str) else row for row in read[path.suffix](path)]
    if any(not isinstance(row, Mapping) for row in found) or not found:
        raise DataError(f"'{path}' holds no rows", expected="at least one, each an object or a text")
    return found


def _parquet(path: Path) -> list[Any]:
    try:
        # ParquetFile, since read_table brings in the dataset engine: a second in every job
        with pq.ParquetFile(path) as file:
            return file.read().to_pylist()
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"'{path}' is no readable Parquet ({reason})", remedy="fetch the file again") from None


def _lines(path: Path) -> list[Any]:
    # not splitlines: text may contain U+2028 and others, which are not line ends in JSON
    numbered = enumerate(_text(path).split("\n"), 1)
    return [_parsed(line, f"line {number} of '{path}'") for number, line in numbered if line.strip()]


def _json(path: Path) -> list[Any]:
    found = _parsed(_text(path), f"'{path}'")
    return found if isinstance(found, list) else [found]


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"'{path}' cannot be read as text ({error})", expected="a file in UTF-8") from None


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is not JSON ({error})", expected="JSON, as published") from None
