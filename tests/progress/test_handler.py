"""A display that cannot be shown: the run goes on, with Snakemake's own lines and its own terminal."""

from __future__ import annotations

import contextlib
import logging
import os
import pty
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.settings.types import OutputSettings
from snakemake_interface_logger_plugins.common import LogEvent

from unlearnkit.progress.attaching import show_progress
from unlearnkit.progress.display import Display
from unlearnkit.progress.forecast import Forecast
from unlearnkit.progress.handler import FORECAST, LogHandler

ForecastOf = Callable[..., Forecast]


@dataclass
class Terminal:
    """A pseudo-terminal that standard error is."""

    master: int
    slave: int

    def is_standard_error(self) -> bool:
        return os.path.samestat(os.fstat(2), os.fstat(self.slave))

    def written(self) -> str:
        parts: list[bytes] = []
        with contextlib.suppress(BlockingIOError):
            while True:
                parts.append(os.read(self.master, 65536))
        return b"".join(parts).decode()


@contextlib.contextmanager
def standard_error_on_a_terminal() -> Iterator[Terminal]:
    # no fixture: pytest puts standard error back before a test begins
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    before = os.dup(2)
    os.dup2(slave, 2)
    stream = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    try:
        with contextlib.redirect_stderr(stream):
            yield Terminal(master, slave)
    finally:
        for close in (stream.close, lambda: os.close(master)):
            with contextlib.suppress(OSError):
                close()
        os.dup2(before, 2)
        os.close(before)
        os.close(slave)


def happened(handler: LogHandler, **said: Any) -> None:
    handler.emit(logging.makeLogRecord({"msg": "a line of Snakemake", "levelno": logging.INFO, **said}))


def test_a_terminal_that_is_closed_ends_the_display_and_not_the_run(forecast_for: ForecastOf) -> None:
    with standard_error_on_a_terminal() as terminal:
        handler = LogHandler(OutputSettings(), None)  # type: ignore[arg-type]
        happened(handler, **{FORECAST: forecast_for({1: ("data", 1.0, [])})})
        assert not terminal.is_standard_error()
        os.close(terminal.master)
        happened(handler, event=LogEvent.JOB_ERROR, jobid=1)
        assert terminal.is_standard_error()
        happened(handler)
        handler.close()


@pytest.mark.parametrize("broken", ["__init__", "start", "note_failed", "stop"])
def test_a_display_that_fails_is_replaced_by_the_lines_of_snakemake(
    broken: str, forecast_for: ForecastOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no room")

    if broken == "stop":
        monkeypatch.setattr(Display, "say", fail)
    else:
        monkeypatch.setattr(Display, broken, fail)
    with standard_error_on_a_terminal() as terminal:
        handler = LogHandler(OutputSettings(), None)  # type: ignore[arg-type]
        happened(handler, **{FORECAST: forecast_for({1: ("data", 1.0, [])})})
        happened(handler, event=LogEvent.JOB_ERROR, jobid=1)
        if broken == "stop":
            handler.close()
        assert terminal.is_standard_error()
        written = terminal.written()
    assert "The display of progress failed (RuntimeError: no room).\r\n" in written
    assert ("a line of Snakemake" in written) == (broken != "stop")


def test_without_a_prediction_the_lines_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    def predict(_: object) -> Forecast:
        raise KeyError("unlearn")

    monkeypatch.setattr("unlearnkit.progress.forecast.forecast_of_run", predict)
    monkeypatch.setenv("TERM", "xterm")
    logger = logging.Logger("run")
    with standard_error_on_a_terminal() as terminal:
        lines = logging.StreamHandler(sys.stderr)
        lines.name = "DefaultStreamHandler"
        logger.addHandler(lines)
        show_progress(SimpleNamespace(output_settings=OutputSettings()), logger)
        assert "No time left is shown: KeyError: 'unlearn'" in terminal.written()
    assert logger.handlers == [lines]
