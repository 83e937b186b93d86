"""Logs as jobs write them: the last line of progress, the paragraph of an error, the seconds of the process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from unlearnkit.artifacts.job import Job, job
from unlearnkit.errors import DataError
from unlearnkit.progress.logs import is_report, read_log, seconds_of


@contextmanager
def running(log: Path) -> Iterator[Job]:
    """A job that writes a log."""
    with job(rule="oracle", log=str(log), settings={}, code="", inputs=()) as own:
        yield own


def test_the_last_line_of_a_job_that_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "a.log"
    assert read_log(str(log)) is None
    with running(log) as own:
        begun = read_log(str(log))
        assert begun and (begun.line, begun.error) == ("", "")
        own.report("models_0000-0003: epoch 1/2")
        own.report("models_0000-0003: epoch 2/2")
        logged = read_log(str(log))
        assert logged and (logged.line, logged.error) == ("models_0000-0003: epoch 2/2", "")
        assert logged.begun == pytest.approx(time.time(), abs=5.0)
        assert seconds_of(str(log)) is None
    assert (seconds_of(str(log)) or 0) > 0
    assert all(map(is_report, capsys.readouterr().err.splitlines()))


def test_the_paragraph_of_a_job_that_failed(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with pytest.raises(SystemExit), running(log) as own:
        own.report("models_0000-0003: epoch 1/2")
        raise DataError("data/x is damaged", remedy="remove it\nthen run again")
    logged = read_log(str(log))
    assert logged and (logged.line, logged.error) == ("", "Error: data/x is damaged. Remove it\nthen run again.")


def test_lines_of_others_are_no_reports() -> None:
    assert not is_report("Traceback (most recent call last):")
    assert not is_report("UserWarning: something took 3.0 s  ")


def test_a_long_log_is_read_at_its_end(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(f"oracle {step:8.1f} s  step {step}\n" for step in range(5000)))
    logged = read_log(str(log))
    assert logged and logged.line == "step 4999"
