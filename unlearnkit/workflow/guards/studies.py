"""Which studies a run only adds trials to: their number is all that differs, so finished trials stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from unlearnkit.places import place_of_path
from unlearnkit.workflow.guards.changes import asked_of, recorded_beside, replaced


def kept_trials(jobs: Iterable[Any]) -> dict[Any, int]:
    """Return how many trials of its study's table a job keeps, for those of Snakemake's jobs that keep any.

    A study begins again if settings, code or inputs are others, so also if a job of the same run makes an input again.
    """
    jobs = list(jobs)
    made = {str(path) for job in jobs for path in job.output}
    return {job: kept for job in jobs if not made & {*map(str, job.input)} and (kept := _kept(job))}


def extended(jobs: Iterable[Any]) -> str:
    """Return in one sentence which studies keep their trials while the number that is asked for changes; "" if none."""
    numbers = {job.output[0]: (kept, asked_of(job)[0]["trials"]) for job, kept in kept_trials(jobs).items()}
    changed = [f"{path} (trials {kept} -> {asked})" for path, (kept, asked) in numbers.items() if kept != asked]
    return f"Finished trials stay, and only missing ones are run: {', '.join(changed)}." if changed else ""


def replaced_beside(jobs: Iterable[Any]) -> str:
    """Return `replaced` of a run's jobs but those that keep their trials."""
    jobs = list(jobs)
    keeping = kept_trials(jobs)
    return replaced(job for job in jobs if job not in keeping)


def _kept(job: Any) -> int:
    path = next(map(str, job.output), "")
    place = place_of_path(path)
    if place is None or place.stage != "studies" or not Path(path).exists():
        return 0
    record, (settings, code) = recorded_beside(path), asked_of(job)
    sound = (
        record.get("code") == code
        and _but_trials(record.get("settings", {})) == _but_trials(settings)
        and record.get("inputs") == {name: recorded_beside(name).get("sha256") for name in map(str, job.input)}
    )
    return int(record["settings"]["trials"]) if sound else 0


def _but_trials(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name != "trials"}
