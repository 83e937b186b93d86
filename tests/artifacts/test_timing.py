"""Timing records: written when a job succeeds, beside its log, and never a reason to fail."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from unlearnkit.artifacts.job import job
from unlearnkit.artifacts.store import read_json
from unlearnkit.artifacts.timing import SUFFIX, process_seconds
from unlearnkit.errors import DataError

SLOW_START = """
import time
time.sleep(0.5)
from unlearnkit.artifacts.timing import process_seconds
print(process_seconds())
"""


def log_of(folder: Path) -> str:
    return str(folder / "logs" / "a.log")


def record(folder: Path) -> dict:
    return read_json(log_of(folder) + SUFFIX)


def test_a_finished_job_leaves_what_it_has_cost(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"12345")
    outputs = [("weights", str(tmp_path / "out"))]
    with job(rule="r", log=log_of(tmp_path), settings={"seed": 1}, code="", inputs=[], outputs=outputs) as running:
        with running.timing.measure("margins", 20):
            time.sleep(0.02)
        with running.timing.measure("training") as work:
            work.units = 7
        running.record(str(tmp_path / "out"), device="H100", threads=4, passes={1: 2})
        running.timing.state(models=2)
    found = record(tmp_path)
    assert (found["rule"], found["settings"], found["outputs"]) == ("r", {"seed": 1}, {"weights": 5})
    assert (found["device"], found["threads"], found["models"], found["resumed"]) == ("H100", 4, 2, False)
    assert {kind: work["units"] for kind, work in found["work"].items()} == {"margins": 20, "training": 7}
    assert 0.02 <= found["work"]["margins"]["seconds"] < found["process_seconds"]
    assert found["peak_memory_mb"] > 1
    assert found["cpu_seconds"] > 0
    assert set(found["machine"]) == {"system", "node", "processor", "cores"}


def test_a_failed_job_leaves_none(tmp_path: Path) -> None:
    with pytest.raises(SystemExit), job(rule="r", log=log_of(tmp_path), settings={}, code="", inputs=[]):
        raise DataError("something is missing")
    assert not Path(log_of(tmp_path) + SUFFIX).exists()


def test_a_record_that_cannot_be_written_fails_no_job(tmp_path: Path) -> None:
    Path(log_of(tmp_path) + SUFFIX).mkdir(parents=True)
    with job(rule="r", log=log_of(tmp_path), settings={}, code="", inputs=[]):
        pass
    assert "no timing record: cannot write" in Path(log_of(tmp_path)).read_text()


def test_time_counts_from_the_start_of_the_process() -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("without /proc it counts from the import of the module")
    ended = subprocess.run([sys.executable, "-c", SLOW_START], capture_output=True, text=True, check=True)
    assert float(ended.stdout) >= 0.5
    before = process_seconds()
    time.sleep(0.05)
    assert process_seconds() - before >= 0.05
