"""The display of a run: fed with what happens to jobs, and by Snakemake itself on a pseudo-terminal."""

from __future__ import annotations

import os
import pkgutil
import pty
import re
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from pseudo_terminal import on_a_terminal
from snakemake.settings.types import OutputSettings
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

from unlearnkit.progress.display import Display
from unlearnkit.progress.forecast import Forecast
from unlearnkit.progress.handler import LogHandler, displays

ForecastOf = Callable[..., Forecast]
SNAKEFILE = """
from snakemake.logging import logger
from unlearnkit.progress.attaching import show_progress

configfile: "tiny.yaml"

rule all:
    input: "two"
rule dataset:
    output: "one"
    log: "logs/one.log"
    shell: "echo said by a job >&2; echo 'dataset      0.1 s  halfway' | tee {log} >&2; sleep 1.5; touch {output}"
rule cost:
    input: "one"
    output: "two"
    log: "logs/two.log"
    shell: "echo 'cost      0.1 s  Error: no room. Make some.' > {log}; exit 1"

onstart:
    show_progress(workflow, logger)
"""


def shown(display: Display) -> str:
    """Return the lines of a display at one moment."""
    stream = StringIO()
    type(display._console)(file=stream, width=100).print(display.view())
    return stream.getvalue()


def test_a_run_from_its_first_job_to_its_last(forecast_for: ForecastOf, tmp_path: Path) -> None:
    stream, now = StringIO(), [1e9]
    jobs = {1: ("data", 10.0, []), 2: ("train", 30.0, [1]), 3: ("score", 20.0, [2])}
    display = Display(forecast_for(jobs, log=str(tmp_path / "{number}.log")), None, stream, lambda: now[0])
    display.note_begun(1, "Data set")
    assert "tiny: 0 of 3 jobs done, 1 running, 2 left" in shown(display)
    assert re.search(r"Data set +starts", shown(display))
    now[0] += 5.0
    (tmp_path / "1.log").write_text("data      4.0 s  half of it\n")
    assert re.search(r"Data set +5\.0 s of 10 s +half of it", shown(display))
    assert "8% of the predicted time, about 55 s left (" in shown(display)
    display.note_finished(1)
    display.note_begun(2, "Originals 0000-0001")
    (tmp_path / "2.log").write_text("train      9.0 s  Error: it diverged. Lower training.lr.\n")
    display.note_failed(2)
    assert "tiny: 1 of 3 jobs done, 1 failed, 1 need what failed" in shown(display)
    assert "Failed: Originals 0000-0001\nError: it diverged. Lower training.lr.\nLog: " in stream.getvalue()
    display.start()
    display.stop()
    assert "1 of 3 jobs done" in stream.getvalue().splitlines()[-1]


def test_no_more_jobs_are_listed_than_a_terminal_has_lines(forecast_for: ForecastOf) -> None:
    display = Display(forecast_for({number: ("train", 1.0, []) for number in range(100)}), None, StringIO())
    for number in range(100):
        display.note_begun(number, f"models {number}")
    lines = shown(display).splitlines()
    listed = sum(line.startswith("models ") for line in lines)
    assert f"and {100 - listed} more" in lines and 0 < listed < display._console.height


@pytest.mark.parametrize(
    "option", ["nocolor", "verbose", "printshellcmds", "debug_dag", "dryrun", "quiet", "no terminal", "dumb"]
)
def test_other_lines_are_left_to_snakemake(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, slave = pty.openpty()
    monkeypatch.setenv("TERM", "dumb" if option == "dumb" else "xterm")
    with os.fdopen(slave, "w") as terminal:
        assert option == "dumb" or displays(OutputSettings(), terminal)
        settings = OutputSettings()
        if hasattr(settings, option):
            setattr(settings, option, True)
        assert not displays(settings, StringIO() if option == "no terminal" else terminal)


def test_snakemake_finds_the_display_by_its_name(repository: Path) -> None:
    name = "snakemake_logger_plugin_unlearnkit"
    assert (name, True) in [(found.name, found.ispkg) for found in pkgutil.iter_modules([str(repository)])]
    module = __import__(name)
    LoggerPluginRegistry().register_plugin(name, module)
    assert LoggerPluginRegistry().get_plugin("unlearnkit").log_handler is LogHandler  # type: ignore[attr-defined]


@pytest.mark.workflow
def test_snakemake_on_a_terminal_shows_what_runs_and_what_failed(tmp_path: Path, repository: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "tiny.yaml").write_text((repository / "tests/runs/tiny.yaml").read_text())
    status, written = on_a_terminal(
        tmp_path, sys.executable, "-m", "snakemake", "--cores", "1", environment=environment
    )
    assert status == 1
    assert re.search(r"0 of 2 jobs done, 1 running, 1 left", written)
    assert "halfway" in written and "dataset      0.1 s  halfway" not in written
    assert "said by a job\n" in written
    assert "Error: no room. Make some.\nLog: logs/two.log" in written
    assert re.search(r"tiny: 1 of 2 jobs done, 1 failed\. .* predicted", written)
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")  # the cursor is back
