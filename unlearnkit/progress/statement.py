"""A status as text for people and as JSON for programs. docs/progress.md has the shape."""

from __future__ import annotations

import time
from typing import Any

from unlearnkit.planning.missing import MissingJob
from unlearnkit.planning.presentation import aligned, duration
from unlearnkit.progress.status import State, Status
from unlearnkit.progress.view import bounds, took

FORMAT = 1
"""Version of the JSON; it changes when a key changes its meaning or goes."""
_NO_ERROR = "The log states no error: the process was ended from outside, or failed before it could state one."
_HEADINGS = {State.RUNNING: "Running", State.SUBMITTED: "Starting, or waiting for a machine", State.FAILED: "Failed"}
_MOST = 20
"""Jobs of a state that are listed."""


def as_text(status: Status) -> str:
    """Return who runs, a table of stages, the jobs that run or failed, and the time left."""
    lines = [_counted(status), _who(status), ""]
    if not status.found.jobs:
        return "\n".join(lines[:2])
    columns = ["done", *(state for state in State if status.jobs(state))]
    rows = [
        [stage, *(f"{counts[column]:,}" if counts[column] else "" for column in columns)]
        for stage, counts in status.stages().items()
    ]
    lines += aligned(["stage", *columns], rows, text_last=False)
    for state, heading in _HEADINGS.items():
        if jobs := status.jobs(state):
            lines += ["", heading, *(line for job in jobs[:_MOST] for line in _job(status, job))]
            lines += [f"  and {len(jobs) - _MOST} more"] if len(jobs) > _MOST else []
    return "\n".join([*lines, "", _time(status)])


def as_json(status: Status) -> dict[str, Any]:
    """Return the status in plain dictionaries; times are in seconds."""
    time_left = {"seconds": status.left.seconds, "low": status.left.low, "high": status.left.high}
    return {
        "format": FORMAT,
        "experiment": status.tally.forecast.experiment,
        "targets": list(status.found.targets),
        "run": status.run.who or None,
        "done": sum(status.found.done.values()),
        **{state: len(status.jobs(state)) for state in State},
        "blocked": len(status.tally.blocked),
        "stages": {stage: dict(counts) for stage, counts in status.stages().items()},
        "jobs": [
            {
                "output": _name(job),
                "state": status.states[job.number],
                "log": job.log,
                "line": logged.line if (logged := status.logs[job.number]) else "",
                "error": logged.error if logged else "",
            }
            for job in status.found.jobs
            if status.states[job.number] != State.LEFT
        ],
        "time_left": {name: round(seconds, 1) for name, seconds in time_left.items()},
    }


def _counted(status: Status) -> str:
    done = sum(status.found.done.values())
    counts = [f"{len(jobs):,} {state}" for state in State if (jobs := status.jobs(state))]
    blocked = len(status.tally.blocked)
    counts += [f"{blocked:,} of these need what failed"] if blocked else []
    name, total = status.tally.forecast.experiment, done + len(status.found.jobs)
    return f"{', '.join([f'{name}: {done:,} of {total:,} jobs done', *counts])}."


def _who(status: Status) -> str:
    if not status.run.who:
        return "No run is going on in this folder."
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(status.run.since))
    return f"A run has been going on since {since}: {status.run.who}."


def _job(status: Status, job: MissingJob) -> list[str]:
    logged = status.logs[job.number]
    if status.states[job.number] == State.FAILED:
        error = (logged.error if logged else "") or _NO_ERROR
        return [f"  {_name(job)}", *(f"    {line}" for line in error.splitlines()), f"    Log: {job.log}"]
    if status.states[job.number] == State.SUBMITTED or logged is None:
        return [f"  {_name(job)}"]
    ran = took(status.now - status.tally.running[job.number], status.tally.forecast.seconds[job.number])
    return [f"  {_name(job)}  {ran}  {logged.line}".rstrip()]


def _time(status: Status) -> str:
    slots = status.found.slots
    where = f"{slots.jobs} jobs at once" if slots.remote else f"{slots.cores} core" + "s" * (slots.cores != 1)
    if status.run.who:
        return f"Time left: about {duration(status.left.seconds)}{bounds(status.left)}, with {where}."
    return f"A run would take about {duration(status.left.seconds)}{bounds(status.left)}, with {where}."


def _name(job: MissingJob) -> str:
    return next(iter(job.outputs.values()))
