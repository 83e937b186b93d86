"""The jobs behind an artifact, condensed: same rule, settings and code make one step."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from unlearnkit.lineage.records import Record, Results
from unlearnkit.lineage.seeding import seeding
from unlearnkit.places import Place, place_of
from unlearnkit.workflow.present import Present


def steps(results: Results, names: Iterable[str], present: Present | None) -> list[dict[str, Any]]:
    """Return one entry per step, in the order in which artifacts are made.

    Keys: kind, rule, files, settings, code, present_code (None: not in the present configuration, or it is not known),
    seeds, seconds (of all files together), started (first and last), devices.
    """
    groups: dict[tuple[int, str, str, str], list[tuple[Place, Record]]] = {}
    for name in names:
        record, place = results.record_of(name), place_of(name)
        if record is not None and place is not None:
            settings = json.dumps(record["settings"], sort_keys=True)
            groups.setdefault((place.order, place.kind, settings, record["code"]), []).append((place, record))
    return [_step(made, present) for _, made in sorted(groups.items())]


def environments(results: Results, names: Iterable[str]) -> dict[str, list[str]]:
    """Return "Python", package or "machine" -> the distinct values in the records of `names`."""
    found: dict[str, dict[str, None]] = {}
    for record in filter(None, map(results.record_of, names)):
        for key, value in _environment(record).items():
            found.setdefault(key, {})[value] = None
    return {key: list(values) for key, values in found.items()}


def _environment(record: Record) -> dict[str, str]:
    """Return name -> version or description of what a record says about where its job ran."""
    machine = dict(record["machine"])
    # which node, which job of a cluster and which GPU it was is another question than what kind of machine
    places = {name: str(machine.pop(name)) for name in ("node", "slurm_job", "visible_gpus") if name in machine}
    described = ", ".join(f"{key} {value}" for key, value in sorted(machine.items()))
    return {"Python": record["python"], **record["packages"], "machine": described, **places}


def settings_lines(settings: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield nested settings as "key.path=value"."""
    for key, value in settings.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, Mapping) and value:
            yield from settings_lines(value, name)
        else:
            yield f"{name}={json.dumps(value)}"


def _step(made: list[tuple[Place, Record]], present: Present | None) -> dict[str, Any]:
    place, first = made[0]
    records = [record for _, record in made]
    draws = [found for artifact in made if (found := seeding(*artifact))]
    if draws and "models" in draws[0]:
        ends = [end for found in draws for end in found["models"]]
        draws[0]["models"] = [min(ends), max(ends)]
    return {
        "kind": place.kind,
        "rule": first["rule"],
        "files": len(made),
        "settings": first["settings"],
        "code": first["code"],
        "present_code": present.code(place) if present else None,
        "seeds": draws[0] if draws else None,
        "seconds": round(sum(record["wall_seconds"] for record in records), 3),
        "started": [min(record["started"] for record in records), max(record["started"] for record in records)],
        "devices": sorted({record["device"] for record in records if "device" in record}),
    }
