"""Where an experiment's numbers come from: provenance records, condensed for the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]


def job_rows(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Return one row per kind of job: rule and what it ran, number of artifacts, code, devices, wall time, when.

    Kinds are distinguished by rule, by the method, metric or role in the settings, and by code fingerprint, so that
    artifacts of two states of the code show up as two rows. `seconds` is the wall time of all jobs together.
    """
    kinds: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        settings = record["settings"]
        subject = next((str(settings[key]) for key in ("method", "metric", "role") if key in settings), "")
        kinds.setdefault((record["rule"], subject, record["code"]), []).append(record)
    return [
        {
            "rule": rule,
            "subject": subject if subject != rule else "",
            "artifacts": len(jobs),
            "code": code,
            "devices": _distinct(record.get("device", "CPU") for record in jobs),
            "seconds": sum(record["wall_seconds"] for record in jobs),
            "first": min(record["started"] for record in jobs),
            "last": max(record["started"] for record in jobs),
        }
        for (rule, subject, code), jobs in kinds.items()
    ]


def environment(records: Sequence[Record]) -> dict[str, str]:
    """Return name -> version of Python, the packages and the machines; where there are several, all are listed."""
    packages = {name: None for record in records for name in record["packages"]}
    versions = {name: _distinct(record["packages"].get(name, "absent") for record in records) for name in packages}
    machines = (record["machine"] for record in records)
    described = _distinct(f"{m['system']}, {m['processor']}, {m['cores']} cores" for m in machines)
    return {"Python": _distinct(record["python"] for record in records), **versions, "machine": described}


def _distinct(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))
