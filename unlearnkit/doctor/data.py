"""Are raw files and forget sets' files there and sound, and splits without copies? Nothing is downloaded."""

from __future__ import annotations

import json
from collections.abc import Iterator

from unlearnkit.doctor.case import ERROR, WARNING, Case, Finding
from unlearnkit.doctor.probe import ask

_READ = "from unlearnkit.data.examining import answer; answer()"


def examine(case: Case) -> Iterator[Finding]:
    """Yield findings on the raw files of the data set and on the forget sets."""
    if case.experiment is None:
        yield Finding(WARNING, "not examined, since the configuration is not valid", "correct the configuration")
        return
    status, lines = ask(_READ, json.dumps(case.merged, default=str))
    yield from dict.fromkeys(Finding(*line["finding"]) for line in lines if "finding" in line)
    parts = next((line["parts"] for line in lines if "parts" in line), ["the data set"])
    done = sum("done" in line for line in lines)
    if unread := ", ".join(parts[done:]):
        yield Finding(ERROR, f"{unread} could not be read (status {status})", "see what `environment` says")
