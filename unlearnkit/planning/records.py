"""Timing records: what earlier jobs, of any experiment, have cost on this machine or another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unlearnkit.artifacts.machine import machine
from unlearnkit.artifacts.timing import SUFFIX
from unlearnkit.errors import ArtifactError

START = "start"
"""The part of a job beside its work."""


@dataclass(frozen=True, eq=False)
class Record:
    """One job that was measured; `work` maps a kind of work to (units, seconds), `here` means on a machine like this.

    All seconds are wall time, `seconds` that of the whole process. `facts` is the record as it was written.
    """

    rule: str
    settings: Mapping[str, Any]
    work: Mapping[str, tuple[float, float]]
    seconds: float
    outputs: Mapping[str, int]
    threads: int
    gpu: bool
    here: bool
    facts: Mapping[str, Any]

    @property
    def parts(self) -> dict[str, tuple[float, float]]:
        """The work, and what the process takes beside it, once: a "start" of 1 unit."""
        start = max(0.0, self.seconds - sum(seconds for units, seconds in self.work.values() if units))
        return {START: (1.0, start), **self.work}


def read_records(folders: Iterable[Path]) -> list[Record]:
    """Return the records below `folders`, without those of jobs that an earlier one had begun.

    Folders that do not exist hold none. Raises ArtifactError, naming the file, if a record cannot be read.
    """
    here = machine()
    paths = dict.fromkeys(path for folder in folders for path in sorted(Path(folder).rglob(f"*{SUFFIX}")))
    return [record for path in paths if (record := _read(path, here)) is not None]


def _read(path: Path, here: Mapping[str, Any]) -> Record | None:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["resumed"]:
            return None
        return Record(
            rule=raw["rule"],
            settings=raw["settings"],
            work={kind: (float(work["units"]), float(work["seconds"])) for kind, work in raw["work"].items()},
            seconds=float(raw["process_seconds"]),
            outputs={name: int(size) for name, size in raw["outputs"].items()},
            threads=raw["threads"],
            gpu=raw["device"] != "CPU",
            here=all(raw["machine"][key] == here[key] for key in ("processor", "cores")),
            facts=raw,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            f"{path} is not a readable timing record ({type(error).__name__}: {error})", remedy="delete it"
        ) from None
