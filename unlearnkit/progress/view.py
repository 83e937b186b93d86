"""The progress of a run in words: the same on a terminal, in `unlearnkit status` and at the end of a run."""

from __future__ import annotations

from unlearnkit.planning.presentation import duration
from unlearnkit.progress.tally import Tally, TimeLeft


def counted(tally: Tally, present: int = 0, running: str = "running") -> str:
    """Return how many jobs are done, run, failed and are left; `present` ones were done before the run."""
    total = present + len(tally.forecast.jobs)
    counts = [(len(tally.running), running), (len(tally.failed), "failed"), (len(tally.blocked), "need what failed")]
    parts = [f"{number:,} {what}" for number, what in [*counts, (len(tally.left), "left")] if number]
    return ", ".join([f"{tally.forecast.experiment}: {present + len(tally.done):,} of {total:,} jobs done", *parts])


def left(time: TimeLeft) -> str:
    """Return the time left with its bounds: "about 1 min 10 s left (50 s to 1 min 40 s)"."""
    return f"about {duration(time.seconds)} left{bounds(time)}" if time.seconds else "nothing left to run"


def bounds(time: TimeLeft) -> str:
    """Return the bounds of the time left: " (50 s to 1 min 40 s)", nothing where they are the same."""
    low, high = duration(time.low), duration(time.high)
    return f" ({low} to {high})" if low != high else ""


def took(seconds: float, expected: float) -> str:
    """Return how long a job has run, beside what it is expected to take: "12 s of 20 s"."""
    return f"{duration(max(0.0, seconds))} of {duration(expected)}"
