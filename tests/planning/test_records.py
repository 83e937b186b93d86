"""Records are read from any folder; those of resumed jobs are left out, damaged ones are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unlearnkit.artifacts.timing import SUFFIX, Timing
from unlearnkit.errors import ArtifactError
from unlearnkit.planning.records import read_records


def write(path: Path, **facts: Any) -> None:
    timing = Timing()
    with timing.measure("training", 10.0):
        pass
    timing.state(**facts)
    timing.write(path, "original", {"seed": 0}, {})


def test_records_are_found_in_every_folder(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "digits" / "original" / "a.log")
    write(tmp_path / "cluster" / "b.log", device="H100", threads=4)
    first, second = read_records([tmp_path / "logs", tmp_path / "cluster", tmp_path / "nowhere"])
    assert (first.rule, first.gpu, first.here, first.work["training"][0]) == ("original", False, True, 10.0)
    assert (second.gpu, second.threads) == (True, 4)


def test_another_processor_is_another_machine(tmp_path: Path) -> None:
    write(tmp_path / "a.log")
    path = tmp_path / f"a.log{SUFFIX}"
    raw = json.loads(path.read_text())
    path.write_text(json.dumps({**raw, "machine": {**raw["machine"], "processor": "another"}}))
    assert [record.here for record in read_records([tmp_path])] == [False]


def test_a_resumed_job_tells_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a.log", resumed=True)
    assert read_records([tmp_path]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"work": {"training": {"units": "many", "seconds": 1.0}}},
        {"work": {"training": {"units": 1.0, "seconds": None}}},
        {"work": []},
        {"process_seconds": None},
        {"outputs": {"weights": None}},
    ],
    ids=["units", "seconds", "work", "process", "outputs"],
)
def test_a_record_whose_figures_are_none_is_named(tmp_path: Path, change: dict[str, Any]) -> None:
    write(tmp_path / "a.log")
    path = tmp_path / f"a.log{SUFFIX}"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ArtifactError, match=r"a\.log\.timing\.json is not a readable timing record.*Delete it"):
        read_records([tmp_path])


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / f"a.log{SUFFIX}").write_text(text)
    with pytest.raises(ArtifactError, match=r"a\.log\.timing\.json is not a readable timing record.*Delete it"):
        read_records([tmp_path])
