"""The state of a run that was started elsewhere: in another terminal, or on a cluster.

What is missing, Snakemake determines, as for a plan. What became of a missing job follows from the mark that Snakemake
keeps while it is under way, from the job's log and from the timing record beside it.
"""

from __future__ import annotations

import enum
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from unlearnkit.artifacts.timing import SUFFIX
from unlearnkit.planning.dry_run import DryRun
from unlearnkit.planning.missing import MissingJob, stage_name
from unlearnkit.progress.forecast import forecast_of
from unlearnkit.progress.logs import Logged, read_log
from unlearnkit.progress.tally import Tally, TimeLeft
from unlearnkit.workflow.repairs.run_lock import who_runs

LOCKS = Path(".snakemake/locks")
CLOCKS = 2.0
"""Seconds by which the clocks of two machines may differ."""


class State(enum.StrEnum):
    """What became of a job whose outputs are missing."""

    RUNNING = "running"
    SUBMITTED = "submitted"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    LEFT = "left"


@dataclass(frozen=True)
class Run:
    """Who runs in a folder ("" if nobody), and since when, in seconds of the epoch."""

    who: str = ""
    since: float = 0.0


@dataclass(frozen=True)
class Status:
    """The jobs that are missing with their states and logs, those that are done by stage, and the time left."""

    found: DryRun
    tally: Tally
    states: Mapping[int, State]
    logs: Mapping[int, Logged | None]
    run: Run
    left: TimeLeft
    now: float

    def jobs(self, state: State) -> list[MissingJob]:
        """Return the jobs in a state, in the order of the rules."""
        return [job for job in self.found.jobs if self.states[job.number] == state]

    def stages(self) -> dict[str, Counter[str]]:
        """Return stage -> "done" or a state -> number of jobs, in the order of the rules."""
        counts = {stage: Counter(done=number) for stage, number in self.found.done.items()}
        for job in self.found.jobs:
            counts.setdefault(stage_name(job.rule, job.settings), Counter())[self.states[job.number]] += 1
        return counts


def run_here(locks: Path = LOCKS) -> Run:
    """Return the run that holds the locks of a folder, if any that may be alive does."""
    who = who_runs(locks)
    since = max((path.stat().st_mtime for path in locks.glob("*.lock")), default=0.0) if who else 0.0
    return Run(who, since)


def status_of(found: DryRun, run: Run, now: float | None = None) -> Status:
    """Return the status of the jobs that a dry run found missing, while `run` may be making them.

    Raises UnlearnkitError as a plan does.
    """
    now = time.time() if now is None else now
    tally = Tally(forecast_of(found.config, found.jobs, found.slots))
    logs = {job.number: read_log(job.log) for job in found.jobs}
    states = {job.number: state_of(job, logs[job.number], run) for job in found.jobs}
    for job in found.jobs:
        state, logged = states[job.number], logs[job.number]
        if state == State.RUNNING and logged:
            # on a cluster the mark is set when a job is submitted; here its process begins then
            tally.begin(job.number, logged.begun if found.slots.remote else job.begun or logged.begun)
        elif state == State.FAILED and run.who:
            tally.fail(job.number)
    return Status(found, tally, states, logs, run, tally.time_left(now), now)


def state_of(job: MissingJob, logged: Logged | None, run: Run) -> State:
    """Return what became of a missing job, by its log, its mark and the run that is going on."""
    if run.who and job.begun is not None and job.begun >= run.since - CLOCKS:
        if logged is None or logged.written < job.begun - CLOCKS:
            return State.SUBMITTED
        return State.FAILED if logged.error else State.RUNNING
    if logged is None or (run.who and logged.written < run.since - CLOCKS):
        return State.LEFT
    if logged.error:
        return State.FAILED
    if job.begun is not None:
        return State.INTERRUPTED
    return State.LEFT if _succeeded(job, logged) else State.FAILED


def _succeeded(job: MissingJob, logged: Logged) -> bool:
    """Return whether the job that wrote a log came to its end: its outputs were removed since."""
    try:
        return Path(f"{job.log}{SUFFIX}").stat().st_mtime >= logged.written - CLOCKS
    except OSError:
        return False
