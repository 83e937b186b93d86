"""The tables of a finished run agree with each other and with what they are made of."""

from __future__ import annotations

import csv
import hashlib
import json
from typing import Any

import pytest
from checkout import RESULTS, Checkout

from unlearnkit.artifacts.tables import read_table

pytestmark = pytest.mark.workflow

STATISTICS = ("mean", "median", "p95", "p99", "max")
Row = dict[str, Any]


def rows_of(copy: Checkout, table: str) -> list[Row]:
    return read_table(copy.result(f"tables/{table}.parquet"))[0].to_pylist()


def statistics(rows: list[Row], candidate: str) -> dict[tuple[str, str, str], list[float]]:
    """Return (forget set, measure, split) -> statistics of a candidate at its last epoch."""
    own = [row for row in rows if row["candidate"] == candidate]
    last = max(row["epoch"] for row in own)
    return {
        (row["forget_set"], row["measure"], row["split"]): [row[name] for name in STATISTICS]
        for row in own
        if row["epoch"] == last
    }


def test_the_floor_is_the_row_of_the_oracles(completed: Checkout) -> None:
    rows = rows_of(completed, "klom")
    oracle = statistics(rows, "oracle")
    # all of the N held-out oracles stand on the other side of the floor, and load_oracle returns them
    assert statistics(rows, "load_oracle") == oracle
    for row in rows:
        mean, _, p95, *_ = oracle[row["forget_set"], row["measure"], row["split"]]
        assert (row["floor_mean"], row["floor_p95"]) == (mean, p95)


def test_doing_nothing_is_the_row_of_the_originals(completed: Checkout) -> None:
    rows = rows_of(completed, "klom")
    assert statistics(rows, "do_nothing") == statistics(rows, "original")
    assert statistics(rows, "original") != statistics(rows, "oracle")


@pytest.mark.parametrize("table", ["klom", "mia"])
def test_the_formats_of_a_table_agree(completed: Checkout, table: str) -> None:
    rows = rows_of(completed, table)
    with completed.result(f"tables/{table}.csv").open() as stream:
        texts = list(csv.DictReader(stream))
    assert [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows] == texts
    markdown = completed.result(f"tables/{table}.md").read_text()
    statistic = {"klom": "p95", "mia": "mean"}[table]
    assert all(f"{row[statistic]:.3f}" in markdown for row in rows)


def test_every_number_says_how_many_models_it_is_of(completed: Checkout) -> None:
    for table in ("klom", "mia"):
        assert {row["n_models"] for row in rows_of(completed, table)} == {4}
    assert {row["n_oracles"] for row in rows_of(completed, "klom")} == {4}
    assert "| 4/4 |" in completed.result("tables/klom.md").read_text()


def test_every_artifact_has_a_provenance_record_with_its_hash(completed: Checkout) -> None:
    folder = completed.root / RESULTS
    records = {path: json.loads(path.read_text()) for path in folder.rglob("*.json")}
    stated = {name: digest for record in records.values() for name, digest in record.get("also", {}).items()}
    for name, digest in stated.items():
        assert digest == hashlib.sha256((completed.root / name).read_bytes()).hexdigest()
    artifacts = [path for path in folder.rglob("*.*") if path not in records and path.is_file()]
    alone = [path for path in artifacts if str(path.relative_to(completed.root)) not in stated]
    assert len(alone) > 60
    assert {path.suffix for path in artifacts} - {path.suffix for path in alone} == {".csv", ".md"}
    for path in alone:
        record = records[path.with_name(f"{path.name}.json")]
        assert record["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert record["artifact"] == str(path.relative_to(completed.root))
        for name, digest in record["inputs"].items():
            assert digest == hashlib.sha256((completed.root / name).read_bytes()).hexdigest()


def test_the_data_set_names_its_raw_files(completed: Checkout) -> None:
    record = json.loads(completed.result("data/dataset.safetensors.json").read_text())
    ((name, digest),) = record["raw"].items()
    assert name.endswith("digits.csv.gz")
    assert digest == hashlib.sha256((completed.root / name).read_bytes()).hexdigest()


def test_costs_count_retraining_as_one(completed: Checkout) -> None:
    rows = {(row["forget_set"], row["candidate"], row["epoch"]): row for row in rows_of(completed, "cost")}
    for name in ("random_10", "nines"):
        assert rows[name, "oracle", 2]["relative_passes"] == 1
        assert rows[name, "do_nothing", 0]["relative_passes"] == 0
        assert 0 < rows[name, "scrub", 1]["relative_passes"] < rows[name, "scrub", 2]["relative_passes"]


def test_nothing_is_left_over(completed: Checkout) -> None:
    assert list(completed.leftovers()) == []
    assert list((completed.root / "results").rglob("*.resume")) == []
