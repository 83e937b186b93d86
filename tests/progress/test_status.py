"""The state of a run that was started elsewhere, from marks, logs and timing records."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from unlearnkit.__main__ import main
from unlearnkit.artifacts.timing import SUFFIX
from unlearnkit.planning.dry_run import DryRun
from unlearnkit.planning.missing import MissingJob
from unlearnkit.progress.forecast import Forecast
from unlearnkit.progress.logs import Logged
from unlearnkit.progress.statement import as_json, as_text
from unlearnkit.progress.status import Run, State, Status, run_here, state_of
from unlearnkit.progress.tally import Tally
from unlearnkit.workflow.repairs.run_lock import identity

ForecastOf = Callable[..., Forecast]
RUN = Run("process 12 on vm", since=1000.0)
FAILED = "Error: it diverged. Lower training.lr."


@pytest.fixture
def job(forecast_for: ForecastOf, tmp_path: Path) -> MissingJob:
    return forecast_for({1: ("train", 10.0, [])}, log=str(tmp_path / "{number}.log")).jobs[1]


@pytest.mark.parametrize(
    ("run", "begun", "logged", "state"),
    [
        (RUN, 1010.0, Logged("epoch 1/2", "", 1020.0, 1011.0), State.RUNNING),
        (RUN, 1010.0, None, State.SUBMITTED),
        (RUN, 1010.0, Logged("epoch 2/2", "", 500.0, 400.0), State.SUBMITTED),  # a log of an earlier run
        (RUN, 1010.0, Logged("", FAILED, 1020.0, 1011.0), State.FAILED),
        (RUN, None, Logged("", FAILED, 1020.0, 1011.0), State.FAILED),
        (RUN, None, Logged("", FAILED, 500.0, 400.0), State.LEFT),  # it will be tried again
        (RUN, 500.0, Logged("epoch 1/2", "", 500.0, 400.0), State.LEFT),
        (RUN, None, None, State.LEFT),
        (Run(), None, Logged("", FAILED, 500.0, 400.0), State.FAILED),
        (Run(), 400.0, Logged("epoch 1/2", "", 500.0, 400.0), State.INTERRUPTED),
        (Run(), None, Logged("epoch 1/2", "", 500.0, 400.0), State.FAILED),  # it died
        (Run(), None, None, State.LEFT),
    ],
)
def test_what_became_of_a_missing_job(
    job: MissingJob, run: Run, begun: float | None, logged: Logged | None, state: State
) -> None:
    assert state_of(dataclasses.replace(job, begun=begun), logged, run) == state


def test_a_job_whose_results_were_removed_has_not_failed(job: MissingJob) -> None:
    record = Path(job.log + SUFFIX)
    record.write_text("{}")
    assert state_of(job, Logged("done", "", record.stat().st_mtime, 0.0), Run()) == State.LEFT


def test_a_run_goes_on_while_its_process_lives(tmp_path: Path) -> None:
    assert run_here(tmp_path) == Run()
    (tmp_path / "0.input.lock").touch()
    own = identity(os.getpid())
    assert own
    holder = tmp_path / "own.holder"
    holder.write_text(json.dumps(own))
    run = run_here(tmp_path)
    assert run.who == f"process {os.getpid()} on {platform.node()}"
    assert run.since == (tmp_path / "0.input.lock").stat().st_mtime
    holder.write_text(json.dumps({**own, "start": 1}))  # another process had this number, and is gone
    assert run_here(tmp_path) == Run()


@pytest.fixture
def status(forecast_for: ForecastOf) -> Status:
    """Two jobs are done; of four more, one runs, one failed, one needs it and one is left."""
    jobs = {1: ("train", 60.0, []), 2: ("train", 60.0, []), 3: ("score", 10.0, [2]), 4: ("score", 10.0, [1])}
    forecast = forecast_for(jobs, log="logs/tiny/{number}.log")
    tally = Tally(forecast)
    tally.begin(1, 1000.0)
    tally.fail(2)
    states = {1: State.RUNNING, 2: State.FAILED, 3: State.LEFT, 4: State.LEFT}
    logs = {1: Logged("epoch 3/5", "", 1010.0, 1000.0), 2: Logged("", FAILED, 1010.0, 1000.0), 3: None, 4: None}
    done = {"dataset": 1, "train": 1, "score": 0}
    found = DryRun([*forecast.jobs.values()], {}, ["all"], forecast.slots, "", "", 0.0, done)
    return Status(found, tally, states, logs, RUN, tally.time_left(1030.0), 1030.0)


def test_a_status_in_words(status: Status) -> None:
    first, second, *lines, last = as_text(status).splitlines()
    assert first == "tiny: 2 of 6 jobs done, 1 running, 1 failed, 2 left, 1 of these need what failed."
    assert second.startswith("A run has been going on since ") and second.endswith(": process 12 on vm.")
    assert "| train   |    1 |       1 |      1 |      |" in lines
    assert "  results/tiny/train/1  30 s of 1 min 00 s  epoch 3/5" in lines
    assert lines[lines.index("Failed") :][1:4] == [
        *("  results/tiny/train/2", f"    {FAILED}", "    Log: logs/tiny/2.log"),
    ]
    assert last.startswith("Time left: about 40 s (") and last.endswith("with 1 core.")


def test_a_status_as_json(status: Status) -> None:
    found = json.loads(json.dumps(as_json(status)))
    assert {name: found[name] for name in ("done", "running", "failed", "left", "blocked")} == {
        "done": 2,
        "running": 1,
        "failed": 1,
        "left": 2,
        "blocked": 1,
    }
    assert found["stages"]["train"] == {"done": 1, "running": 1, "failed": 1}
    assert [job["state"] for job in found["jobs"]] == ["running", "failed"]
    assert found["time_left"]["low"] < found["time_left"]["seconds"] < found["time_left"]["high"]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("elsewhere/x", "elsewhere/x does not exist; expected a configuration, or a folder such as results/digits."),
        ("results/x", "no configuration in *.yaml or experiments/*.yaml describes the experiment 'x' of results/x."),
        ("results/none", "no configuration in *.yaml or experiments/*.yaml describes the experiment 'none'"),
        ("results/two", "a.yaml and b.yaml describe the experiment 'two' of results/two. Name the configuration: "),
    ],
)
def test_results_without_one_configuration_are_refused(
    what: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("none", "two"):
        (tmp_path / "results" / name).mkdir(parents=True)
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("experiment: two\n")
    (tmp_path / "other.yaml").write_text("- no configuration\n")
    assert main(["status", what]) == 1
    assert words in capsys.readouterr().err


def test_a_configuration_is_named_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "config.yaml", "--configfile", "config.yaml"]) == 1
    assert "a configuration is named twice, before --configfile and behind it" in capsys.readouterr().err
