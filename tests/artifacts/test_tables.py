"""Parquet tables: exact values, facts, and no damaged byte that becomes another number."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unlearnkit.artifacts.tables import read_table, rows_to_table, write_table
from unlearnkit.errors import ArtifactError

FACTS = {"metric": "klom", "bins": 20}


@pytest.fixture
def table() -> pa.Table:
    """Integers, text, float32, float64 with nulls, and booleans."""
    rng = np.random.default_rng(0)
    scores = [None, float("-inf"), *rng.normal(size=98)]
    return pa.table(
        {
            "epoch": np.arange(100, dtype=np.int32),
            "split": ["train"] * 60 + ["validation"] * 40,
            "margin": rng.normal(size=100).astype(np.float32),
            "score": pa.array(scores, pa.float64()),
            "correct": rng.random(100) > 0.5,
        }
    )


def test_round_trip(table: pa.Table, tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", table, FACTS)
    stored, facts = read_table(tmp_path / "a.parquet")
    assert stored.equals(table)
    assert facts == FACTS


def test_any_other_reader_can_read_it(table: pa.Table, tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", table, FACTS)
    assert pq.read_table(tmp_path / "a.parquet").equals(table)


def test_bytes_are_reproducible(table: pa.Table, tmp_path: Path) -> None:
    for name in "ab":
        write_table(tmp_path / name, table, FACTS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_flipped_bit_never_becomes_another_value(table: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_table(path, table, FACTS)
    content = path.read_bytes()
    footer = len(content) - 8 - struct.unpack("<I", content[-8:-4])[0]
    refused = 0
    for position in range(0, footer, 5):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1 << position % 8]) + content[position + 1 :])
        try:
            # a few bits of page headers (unused statistics) carry nothing
            assert read_table(path)[0].equals(table), f"byte {position}"
        except ArtifactError as error:
            assert str(path) in str(error)
            refused += 1
    assert refused > 0.8 * footer / 5


def test_a_damaged_footer_is_told_in_our_words(table: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_table(path, table, FACTS)
    content = path.read_bytes()
    footer = len(content) - 8 - struct.unpack("<I", content[-8:-4])[0]
    kinds = set()
    for position in range(footer, len(content), 3):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :])
        try:
            read_table(path)
        except Exception as error:
            kinds.add(type(error))
    assert kinds == {ArtifactError}


def test_a_truncated_file_is_refused(table: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_table(path, table, FACTS)
    content = path.read_bytes()
    for length in range(0, len(content), 29):
        path.write_bytes(content[:length])
        with pytest.raises(ArtifactError, match=r"a\.parquet is not a readable Parquet table"):
            read_table(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"none\.parquet is not a readable Parquet table"):
        read_table(tmp_path / "none.parquet")


def test_rows_become_columns_in_order() -> None:
    rows = [{"b": 1, "a": 2.0}, {"b": 3}]
    assert rows_to_table(rows).to_pydict() == {"b": [1, 3], "a": [2.0, None]}
    assert rows_to_table(rows, ["a"]).to_pydict() == {"a": [2.0, None]}
    assert rows_to_table([], ["a"]).num_rows == 0
