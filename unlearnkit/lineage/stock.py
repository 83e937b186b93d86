"""What of an experiment is there, out of date or missing, by stage, and what stages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from unlearnkit.lineage.age import differences
from unlearnkit.lineage.records import Record, Results
from unlearnkit.places import Place, owner_of, place_of
from unlearnkit.workflow.present import Present

PRESENT, OLD, MISSING, OTHER = STATES = ("present", "out of date", "missing", "not configured")
"""States of an artifact; weights that were removed are present, since their record stands for them."""


@dataclass
class Stock:
    """The artifacts of a stage on a forget set ("" if they are of none): state -> how many, and whose are not present.

    `whose` state -> variants, candidates or models that the artifacts in it are of.
    """

    stage: str
    forget_set: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    whose: dict[str, dict[str, None]] = field(default_factory=dict)

    def add(self, state: str, place: Place) -> None:
        """Count an artifact."""
        self.counts[state] += 1
        if state != PRESENT and (who := _who(place)):
            self.whose.setdefault(state, {})[who] = None


def stock(results: Results, present: Present, expected: Iterable[str]) -> list[Stock]:
    """Return the artifacts that exist, are on record or are expected, by stage and forget set, in the order of stages.

    `expected` are the names of what the configuration asks for. Out of date is what the present configuration or code
    would make otherwise, and what was made of another version of a file than there is now. Only records are compared,
    no file is read.
    """
    places = {**dict.fromkeys(results.placed), **dict.fromkeys(expected)}
    found: dict[tuple[str, str], Stock] = {}
    named = {name: place for name in places if (place := place_of(name))}
    for name, place in sorted(named.items(), key=lambda item: item[1].order):
        key = place.stage, place.wildcards.get("forget_set", place.wildcards.get("pool", ""))
        found.setdefault(key, Stock(*key)).add(state_of(name, place, results, present), place)
    return list(found.values())


def state_of(name: str, place: Place, results: Results, present: Present) -> str:
    """Return the state of an artifact, one of STATES."""
    record = results.record_of(name)
    if name not in results.files and not (record and place.is_weights):
        return MISSING
    if present.unknown(place):
        return OTHER
    owner = place_of(owner_of(name))
    if record is None or owner is None or any(differences(present, owner, record)) or _read_otherwise(results, record):
        return OLD
    return PRESENT


def edges(results: Results) -> dict[str, set[str]]:
    """Return stage -> the stages that its artifacts were made of, as their records state, without detours.

    What a stage is also made of by way of another of these is left out.
    """
    made_of: dict[str, set[str]] = {}
    for name, record in results.records.items():
        if place := place_of(name):
            read = (results.inside(path) for path in record["inputs"])
            stages = {origin.stage for other in read if other and (origin := place_of(other.removesuffix(".json")))}
            made_of.setdefault(place.stage, set()).update(stages - {place.stage})
    upstream = {stage: _upstream(stage, made_of) for stage in made_of}
    return {
        stage: {near for near in direct if not any(near in upstream.get(other, ()) for other in direct - {near})}
        for stage, direct in made_of.items()
    }


def _upstream(stage: str, made_of: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [*made_of.get(stage, ())]
    while waiting:
        if (current := waiting.pop()) not in found:
            found.add(current)
            waiting.extend(made_of.get(current, ()))
    return found


def _read_otherwise(results: Results, record: Record) -> bool:
    """Whether an input was made again since, with another content; a record that was read holds times, and may be."""
    for path, digest in record["inputs"].items():
        name = results.inside(path)
        if name and place_of(name) and (now := results.recorded_hash(name)) and now != digest:
            return True
    return False


def _who(place: Place) -> str:
    names = (place.wildcards.get(key, "") for key in ("population", "metric", "variant", "candidate", "figure", "page"))
    return " ".join(name for name in names if name)
