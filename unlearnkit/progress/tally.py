"""Which jobs of a run are done, run, failed or are left, and the time that is left."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from unlearnkit.planning.basis import Basis
from unlearnkit.planning.missing import stage_name
from unlearnkit.planning.schedule import elapsed
from unlearnkit.progress.correction import Corrections, corrections
from unlearnkit.progress.forecast import Forecast

NORMAL_90 = 1.2816
"""The 90 % point of the standard normal distribution: 8 of 10 values lie between minus and plus this."""
LARGEST_DEVIATION = 1.5
LONGER = 0.1
"""What a job that takes longer than predicted is taken to need still: this share of the seconds that it has run."""


@dataclass(frozen=True)
class TimeLeft:
    """Predicted seconds to the end of a run, and the bounds between which they lie with a probability of 0.8."""

    seconds: float
    low: float
    high: float


class Tally:
    """The state of a run whose jobs are those of a forecast; all times are seconds of one clock."""

    def __init__(self, forecast: Forecast) -> None:
        self.forecast = forecast
        self.running: dict[int, float] = {}
        """Number of a job that runs -> when it began."""
        self.done: set[int] = set()
        self.failed: set[int] = set()
        self._stages = {number: stage_name(job.rule, job.settings) for number, job in forecast.jobs.items()}
        self._ratios: dict[str, list[float]] = defaultdict(list)

    def begin(self, number: int, at: float) -> None:
        """Note that a job begins, perhaps once more after it failed."""
        if number in self.forecast.jobs:
            self.failed.discard(number)
            self.running[number] = at

    def finish(self, number: int, seconds: float) -> None:
        """Note that a job succeeded, and the seconds it took."""
        if number in self.forecast.jobs:
            self.running.pop(number, None)
            self.done.add(number)
            if seconds > 0 and self.forecast.seconds[number] > 0:
                self._ratios[self._stages[number]].append(math.log(seconds / self.forecast.seconds[number]))

    def fail(self, number: int) -> None:
        """Note that a job failed."""
        if number in self.forecast.jobs:
            self.running.pop(number, None)
            self.failed.add(number)

    @property
    def blocked(self) -> set[int]:
        """The jobs that cannot run since one that they need has failed."""
        blocked: set[int] = set()
        while more := {
            number
            for number, job in self.forecast.jobs.items()
            if number not in blocked | self.failed and job.needs & (blocked | self.failed)
        }:
            blocked |= more
        return blocked

    @property
    def left(self) -> set[int]:
        """The jobs that neither began nor are kept from it by one that failed."""
        return self.forecast.jobs.keys() - self.done - self.failed - self.running.keys() - self.blocked

    def share(self, now: float) -> float:
        """Return which share of the predicted seconds of all jobs is done, 0 to 1; jobs that run count in part."""
        predicted = self.forecast.seconds
        over = sum(min(max(0.0, now - begun), predicted[number]) for number, begun in self.running.items())
        total = sum(predicted.values())
        return (over + sum(predicted[number] for number in self.done)) / total if total else 1.0

    def expected(self) -> dict[int, float]:
        """Return the seconds of every job, the predicted ones corrected by what finished jobs of this run took."""
        means = self._corrections().means
        return {
            number: seconds * math.exp(means[self._stages[number]]) for number, seconds in self.forecast.seconds.items()
        }

    def time_left(self, now: float) -> TimeLeft:
        """Return the time to the end, from a schedule of the jobs that run and are left on what they share."""
        jobs = [self.forecast.jobs[number] for number in (*sorted(self.running), *sorted(self.left))]
        if not jobs:
            return TimeLeft(0.0, 0.0, 0.0)
        expected = self.expected()
        whole = {job.number: expected[job.number] for job in jobs}
        remaining = {number: self._remaining(number, seconds, now) for number, seconds in whole.items()}
        # those that run come first, and wait for nothing that is not over
        waiting = [replace(job, needs=job.needs & remaining.keys()) for job in jobs]
        seconds = elapsed(waiting, remaining, self.forecast.slots, 0.0)
        factor = math.exp(NORMAL_90 * self._deviation(whole, sum(remaining.values())))
        return TimeLeft(seconds, seconds / factor, seconds * factor)

    def _remaining(self, number: int, seconds: float, now: float) -> float:
        if number not in self.running:
            return seconds
        taken = max(0.0, now - self.running[number])
        return max(seconds - taken, LONGER * taken)

    def _corrections(self) -> Corrections:
        bases: dict[str, Basis] = {}
        for number, stage in self._stages.items():
            bases[stage] = max(bases.get(stage, Basis.MEASURED), self.forecast.basis[number])
        return corrections(bases, self._ratios)

    def _deviation(self, whole: Mapping[int, float], remaining: float) -> float:
        """Return the standard deviation of the logarithm of the remaining seconds, to first order."""
        found = self._corrections()
        shares = dict.fromkeys(found.means, 0.0)
        for number, seconds in whole.items():
            shares[self._stages[number]] += seconds / remaining
        weights = np.array([*shares.values()])
        of_jobs = sum((found.job * seconds / remaining) ** 2 for seconds in whole.values())
        return min(math.sqrt(weights @ found.covariance @ weights + of_jobs), LARGEST_DEVIATION)
