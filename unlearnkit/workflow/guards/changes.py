"""How settings differ, and which artifacts of other settings or other code a run replaces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from unlearnkit.config.wording import shown
from unlearnkit.layout import provenance
from unlearnkit.places import place_of_path
from unlearnkit.stages import DOCUMENTS

MOST_CHANGES = 4
"""Changed keys that are named; the rest is counted."""


def changed_keys(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield (key path, old value, new value) wherever two nested settings differ; a value that is absent is None."""
    if all(value is None or isinstance(value, Mapping) for value in (old, new)) and old != new:
        old, new = old or {}, new or {}
        for key in dict.fromkeys([*old, *new]):
            yield from changed_keys(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
    elif old != new:
        yield path, old, new


def changes(old: Any, new: Any) -> list[str]:
    """Return the differences of two nested settings as "training.lr 0.1 -> 0.3"."""
    return [f"{key} {shown(before)} -> {shown(after)}" for key, before, after in changed_keys(old, new)]


def recorded_beside(artifact: str) -> Mapping[str, Any]:
    """Return the provenance of an artifact, empty if it cannot be read: the job that reads the artifact will say so."""
    try:
        record = json.loads(Path(provenance(artifact)).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def asked_of(job: Any) -> tuple[Any, str | None]:
    """Return the settings, in the values that records have, and the code that a job of Snakemake's is to run with."""
    settings, code = (getattr(job.params, name, None) for name in ("settings", "code"))
    return json.loads(json.dumps(settings)), code


def replaced(jobs: Iterable[Any]) -> str:
    """Return in one sentence what a run replaces that was made with other settings or code; "" if nothing.

    `jobs` are Snakemake's, with `output` and, in `params`, settings and code. Tables, figures and the page are left
    out: whatever is added to an experiment makes them again.
    """
    stages: dict[str, int] = {}
    reasons: dict[str, None] = {}
    for job in jobs:
        wanted, code = asked_of(job)
        for path in map(str, job.output):
            place = place_of_path(path)
            record = recorded_beside(path) if place and place.stage not in DOCUMENTS and Path(path).exists() else {}
            if not place or "settings" not in record:
                continue
            found = changes(record["settings"], wanted) or (["other code"] if record.get("code") != code else [])
            reasons |= dict.fromkeys(found)
            stages[place.stage] = stages.get(place.stage, 0) + bool(found)
    if not reasons:
        return ""
    counted = ", ".join(f"{count} of {stage}" for stage, count in stages.items() if count)
    named, more = list(reasons)[:MOST_CHANGES], len(reasons) - MOST_CHANGES
    listed = ", ".join([*named, *([f"{more} more"] if more > 0 else [])])
    return (
        f"This run replaces artifacts that were made with other settings or code ({listed}): {counted}. To keep them, "
        "give the experiment a name of its own with `--config experiment=NAME`."
    )
