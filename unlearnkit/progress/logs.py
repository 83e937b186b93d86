"""What the log of a job says about it (`unlearnkit.artifacts.job` writes it): its last line, its error, its seconds."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from unlearnkit.artifacts.job import CLAIM
from unlearnkit.artifacts.timing import SUFFIX

_REPORT = re.compile(r"\w+ +(\d+\.\d) s  (.*)")
_ERROR = "Error: "
_END = 20_000
"""Bytes of a log that are read: its last lines."""


@dataclass(frozen=True)
class Logged:
    """What a log says: the last line of progress, the paragraph of the error that ended the job, and how old it is.

    `line` and `error` are empty if there is none. `written` is when the log was last written to and `begun` when the
    job began, in seconds of the epoch.
    """

    line: str
    error: str
    written: float
    begun: float


def read_log(path: str) -> Logged | None:
    """Return what the log of a job says, None if there is no such file."""
    try:
        with Path(path).open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - _END))
            text = stream.read().decode(errors="replace")
        written = Path(path).stat().st_mtime
    except OSError:
        return None
    lines = [line for line in text.splitlines() if not line.startswith(CLAIM)]
    reports = [(number, match) for number, line in enumerate(lines) if (match := _REPORT.fullmatch(line))]
    if not reports:
        return Logged("", "", written, written)
    number, match = reports[-1]
    begun = written - float(match[1])
    if match[2].startswith(_ERROR):
        return Logged("", "\n".join([match[2], *lines[number + 1 :]]), written, begun)
    return Logged(match[2], "", written, begun)


def is_report(line: str) -> bool:
    """Return whether a line of standard error is one that a job has put into its log, too."""
    return bool(_REPORT.fullmatch(line))


def seconds_of(log: str) -> float | None:
    """Return the seconds that the process of a finished job took, from the timing record beside its log."""
    try:
        return float(json.loads(Path(f"{log}{SUFFIX}").read_text(encoding="utf-8"))["process_seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
