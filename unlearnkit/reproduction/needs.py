"""From the targets back to what is taken as published, along the records."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from unlearnkit.errors import ArtifactError
from unlearnkit.layout import RESULTS, provenance
from unlearnkit.places import owner_of, place_of
from unlearnkit.reproduction.levels import FETCHED, is_computed_again
from unlearnkit.reproduction.sources import Source, record_of


@dataclass
class Needs:
    """Names of the files that are computed `again`, and of those that are `taken` (artifacts and single records)."""

    again: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)


def needs(source: Source, targets: Collection[str], level: str | None) -> Needs:
    """Return what is computed again for some targets, and what is taken as published.

    `level` None computes nothing but the targets again, and what they need that was not published. Raises
    ArtifactError if something was made from files that only the publisher has.
    """
    found, published = Needs(), source.names()
    waiting, seen = deque(targets), {*targets}
    while waiting:
        name = waiting.popleft()
        place, artifact = place_of(name), name.removesuffix(".json")
        if place is None:
            # the record of an artifact is read as what it states of the artifact
            found.taken += [name] if place_of(artifact) else []
            continue
        again = level is not None and is_computed_again(place, level)
        if not (name in targets or again or place.stage in FETCHED) and name in published:
            found.taken.append(name)
            continue
        found.again.append(name)
        if place.stage not in FETCHED:
            new = [path for path in _inputs(source, name) if path not in seen]
            seen.update(new)
            waiting.extend(new)
    return found


def _inputs(source: Source, name: str) -> list[str]:
    prefix = f"{RESULTS}/{source.experiment}/"
    inputs = record_of(source, name)["inputs"]
    outside = [path for path in inputs if not path.startswith(prefix)]
    brought = source.surroundings() if outside else {}
    for path in outside:
        if path not in brought:
            raise ArtifactError(
                f"{name} of {source.title} was made from {path}, which is not part of it",
                expected="a value that can be computed from what was published",
                remedy="start from a later level (--from margins), or compute it where that file is",
            )
    return [path.removeprefix(prefix) for path in inputs if path not in outside]


def with_records(source: Source, names: Collection[str]) -> list[str]:
    """Return some files and the records that jobs verify them by, each once."""
    both = (path for name in names for path in (name, provenance(owner_of(name)) if place_of(name) else name))
    published = source.names()
    return [name for name in dict.fromkeys(both) if name in published]
