"""How long the jobs take together: a greedy list schedule over their graph."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

from unlearnkit.planning import assumptions
from unlearnkit.planning.missing import MissingJob, Slots


def elapsed(jobs: Sequence[MissingJob], seconds: Mapping[int, float], slots: Slots, start: float) -> float:
    """Return the seconds from the call of Snakemake to its end, `start` of which it needs before the first job.

    Every job starts as soon as its inputs are there and there is room for it. What Snakemake does itself for a job
    happens in one process, one job after another. Waiting in a cluster's queue is not part of it.
    """
    waiting = {job.number: len(job.needs) for job in jobs}
    dependants: dict[int, list[MissingJob]] = defaultdict(list)
    for job in jobs:
        for number in job.needs:
            dependants[number].append(job)
    room = _Room(slots)
    room.enqueue(job for job in jobs if not waiting[job.number])
    running: list[tuple[float, int]] = []
    by_number = {job.number: job for job in jobs}
    now = free = start
    while True:
        while (job := room.take()) is not None:
            free = max(now, free) + assumptions.SECONDS_PER_JOB
            duration = seconds[job.number] + (
                assumptions.REMOTE_SECONDS_PER_JOB if slots.remote and not job.local else 0.0
            )
            heapq.heappush(running, (free + duration, job.number))
        if not running:
            return now
        now, number = heapq.heappop(running)
        room.give_back(by_number[number])
        for job in dependants[number]:
            waiting[job.number] -= 1
        room.enqueue(job for job in dependants[number] if not waiting[job.number])


class _Room:
    """Jobs that could start, and what is free for them; jobs of one need wait in one line."""

    def __init__(self, slots: Slots) -> None:
        self._remote = slots.remote
        shared = {"cores": slots.cores, "jobs": slots.jobs, "gpus": slots.gpus}
        self._slots = {name: math.inf if number is None else number for name, number in shared.items()}
        self._free = Counter(self._slots)
        self._lines: dict[tuple[tuple[str, float], ...], deque[MissingJob]] = defaultdict(deque)

    def enqueue(self, jobs: Iterable[MissingJob]) -> None:
        for job in jobs:
            self._lines[self._need(job)].append(job)

    def take(self) -> MissingJob | None:
        for need, line in self._lines.items():
            if line and all(amount <= self._free[name] for name, amount in need):
                self._free.subtract(dict(need))
                return line.popleft()
        return None

    def give_back(self, job: MissingJob) -> None:
        self._free.update(dict(self._need(job)))

    def _need(self, job: MissingJob) -> tuple[tuple[str, float], ...]:
        if self._remote and not job.local:
            return (("jobs", 1), ("gpus", job.gpus))
        # a job never waits for more than there is
        return tuple((name, min(n, self._slots[name])) for name, n in (("cores", job.threads), ("gpus", job.gpus)))
