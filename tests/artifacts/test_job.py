"""The frame of a job: progress in the log, one paragraph instead of a traceback, provenance, and a key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from unlearnkit.artifacts.job import Job, job
from unlearnkit.artifacts.provenance import read_record
from unlearnkit.artifacts.store import checked_before_publishing, sha256_of, write_text
from unlearnkit.errors import ArtifactError, DataError
from unlearnkit.layout import provenance

SCRIPT = """
import sys
from unlearnkit.artifacts.job import job
from unlearnkit.errors import DataError
with job(rule="dataset", log=sys.argv[1], settings={}, code="", inputs=[]):
    raise DataError("digits.npy is missing", remedy="download it")
"""


def running(folder: Path, settings: dict[str, int] | None = None, code: str = "c") -> Job:
    return Job("train", str(folder / "logs" / "a.log"), settings or {"seed": 0}, code, [str(folder / "input")])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one input file."""
    (tmp_path / "input").write_text("data")
    return tmp_path


def test_an_error_of_the_users_is_one_paragraph(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "a.log"
    run = subprocess.run([sys.executable, "-c", SCRIPT, str(log)], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert run.stderr.strip().endswith("s  Error: digits.npy is missing. Download it.")
    assert log.read_text().splitlines()[-1] == run.stderr.strip()


def test_a_file_name_that_is_no_utf8_is_told_too(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    script = SCRIPT.replace("digits.npy", r"\udcff.npy")
    run = subprocess.run([sys.executable, "-c", script, str(log)], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert log.read_text().strip().endswith(r"Error: \udcff.npy is missing. Download it.")


def test_an_error_of_ours_keeps_its_traceback(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError), job(rule="r", log=str(folder / "a.log"), settings={}, code="", inputs=[]):
        raise ZeroDivisionError


@pytest.mark.parametrize("lost", ["input", "out"])
def test_a_file_of_the_jobs_that_is_taken_away_is_told(folder: Path, lost: str) -> None:
    log, source, out = folder / "a.log", str(folder / "input"), str(folder / "out")
    with (
        pytest.raises(SystemExit) as ended,
        job(rule="r", log=str(log), settings={}, code="", inputs=[source], outputs=[("out", out)]) as running,
    ):
        write_text(out, "result")
        (folder / lost).unlink()
        sha256_of(source)
        running.record(out)
    assert ended.value.code == 1
    assert f"Error: {folder / lost} was removed by something else while this job ran. If two" in log.read_text()


def test_an_output_that_is_taken_away_at_the_very_end_is_told(folder: Path) -> None:
    log, out = folder / "a.log", folder / "out"
    with (
        pytest.raises(SystemExit),
        job(rule="r", log=str(log), settings={}, code="", inputs=[], outputs=[("out", str(out))]) as running,
    ):
        write_text(out, "result")
        running.record(str(out))
        out.unlink()
    assert f"Error: {out} was removed by something else" in log.read_text()


def test_another_file_that_is_missing_keeps_its_traceback(folder: Path) -> None:
    with (
        pytest.raises(FileNotFoundError, match="no such"),
        job(rule="r", log=str(folder / "a.log"), settings={}, code="", inputs=[str(folder / "input")]),
    ):
        (folder / "no such").read_text()


def test_the_users_error_ends_the_job(folder: Path) -> None:
    with (
        pytest.raises(SystemExit) as ended,
        job(rule="r", log=str(folder / "a.log"), settings={}, code="", inputs=[]),
    ):
        raise DataError("something is missing")
    assert ended.value.code == 1


def test_progress_is_logged_anew(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    running(folder).report("of an earlier run")
    second = running(folder)
    second.report("epoch 1")
    second.report("epoch 2")
    lines = (folder / "logs" / "a.log").read_text().splitlines()
    assert [line.split(" s  ")[1] for line in lines] == ["epoch 1", "epoch 2"]
    assert capsys.readouterr().err.count("epoch") == 2


def test_outputs_are_recorded_with_the_hash_of_the_inputs(folder: Path) -> None:
    (folder / "out").write_text("result")
    running(folder).record(str(folder / "out"), device="CPU")
    record = read_record(provenance(str(folder / "out")))
    assert record["inputs"] == {str(folder / "input"): sha256_of(folder / "input")}
    assert (record["rule"], record["code"], record["settings"]) == ("train", "c", {"seed": 0})
    assert (record["device"], record["sha256"]) == ("CPU", sha256_of(folder / "out"))
    assert record["wall_seconds"] >= 0


def test_the_key_is_made_of_settings_code_and_content(folder: Path) -> None:
    keys = {running(folder).key, running(folder, {"seed": 1}).key, running(folder, code="d").key}
    assert running(folder).key in keys
    (folder / "input").write_text("other data")
    assert len(keys | {running(folder).key}) == 4


def test_a_job_of_an_earlier_run_with_other_settings_writes_nothing(folder: Path) -> None:
    orphan, same, later = running(folder), running(folder), running(folder, {"seed": 1})
    orphan.claim()
    same.claim()
    with checked_before_publishing(orphan.refuse_if_superseded):
        write_text(folder / "out", "of seed 0")
    later.claim()
    with checked_before_publishing(later.refuse_if_superseded):
        write_text(folder / "out", "of seed 1")
    with (
        checked_before_publishing(orphan.refuse_if_superseded),
        pytest.raises(ArtifactError, match=r"out is left alone: a later job makes it with other settings.*a\.log"),
    ):
        write_text(folder / "out", "of seed 0")
    assert (folder / "out").read_text() == "of seed 1"
    write_text(folder / "elsewhere", "no job, no check")


def test_a_log_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "logs/a.log")], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert f"Error: cannot write {tmp_path}/logs/a.log: " in run.stderr


def test_a_log_that_is_lost_on_the_way_costs_no_work(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = running(folder)
    (folder / "logs/a.log").unlink()
    (folder / "logs/a.log").mkdir()
    job.report("epoch 1")
    assert "epoch 1" in capsys.readouterr().err
    job.refuse_if_superseded(folder / "out")
    with pytest.raises(ArtifactError, match=r"cannot write .*a\.log"):
        job.claim()
