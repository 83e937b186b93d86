"""Timing records: what a job has cost, beside its log, where it survives the deletion of results.

`unlearnkit plan` predicts from them (docs/planning.md). They are measurements and never inputs: no rule declares them.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unlearnkit.artifacts.machine import machine
from unlearnkit.artifacts.store import write_json

SUFFIX = ".timing.json"
"""What is appended to the path of a job's log to name its record."""

_LOADED = time.perf_counter()


@dataclass
class Work:
    """A part of a job that takes time in proportion to `units`, and the `seconds` it took.

    Units are sample passes of all models ("training"), pairs of model and sample that were observed ("margins",
    "hidden", ...), or margins that were read ("scoring").
    """

    units: float
    seconds: float = 0.0


class Timing:
    """What a running job measures of itself."""

    def __init__(self) -> None:
        self._work: dict[str, Work] = {}
        self._facts: dict[str, Any] = {"device": "CPU", "threads": 1, "models": 0, "resumed": False}

    @contextlib.contextmanager
    def measure(self, kind: str, units: float = 0.0) -> Iterator[Work]:
        """Time the body; its units may be set on what is yielded, if they are known only afterwards."""
        work, start = Work(units), time.perf_counter()
        yield work
        work.seconds = round(time.perf_counter() - start, 4)
        self._work[kind] = work

    def state(self, **facts: Any) -> None:
        """State `device`, `threads`, `models`, `resumed` (an earlier job did part of the work), or other facts."""
        self._facts.update(facts)

    def write(self, log: Path, rule: str, settings: Mapping[str, Any], outputs: Mapping[str, str]) -> None:
        """Write the record of a finished job beside its log; raises ArtifactError if that is not possible."""
        record = {
            "rule": rule,
            "settings": settings,
            "work": {kind: asdict(work) for kind, work in self._work.items()},
            "process_seconds": round(process_seconds(), 3),
            "cpu_seconds": round(time.process_time(), 3),
            "peak_memory_mb": peak_memory_mb(),
            "outputs": {name: Path(path).stat().st_size for name, path in outputs.items()},
            "finished": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
            "machine": machine(),
            **self._facts,
        }
        write_json(f"{log}{SUFFIX}", record)


def process_seconds() -> float:
    """Return the wall time since the start of this process, its imports included, in seconds.

    Where the operating system has no /proc it counts from the import of this module, which scripts import first.
    """
    try:
        # field 22, counted behind the command's name in parentheses: start in clock ticks since the machine's
        started = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError):
        return time.perf_counter() - _LOADED


def peak_memory_mb() -> float:
    """Return the largest resident memory of this process so far, MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round((peak if sys.platform == "darwin" else peak * 1024) / 1e6, 1)
