"""From the path of a file to the experiment that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from unlearnkit import layout
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.errors import ArtifactError, UnlearnkitError
from unlearnkit.lineage.records import Results, experiments
from unlearnkit.places import place_of


@dataclass(frozen=True)
class Found:
    """A file, the experiment it belongs to (None: to none), its name in there, and why it has no record if so."""

    path: Path
    results: Results | None
    name: str
    reason: str = ""


def find(path: Path) -> Found:
    """Return where a file belongs; a provenance record stands for its artifact.

    Raises ArtifactError if neither the file nor a record of it is there.
    """
    whole, here = path.absolute(), Path.cwd()
    # the highest folder first: a forget set may have the name of a population
    for folder in reversed(whole.parents):
        name = whole.relative_to(folder).as_posix()
        name = name if place_of(name) else name.removesuffix(".json")
        if place_of(name):
            results = Results(folder.relative_to(here) if folder.is_relative_to(here) else folder)
            if results.record_of(name) or name in results.files:
                fault = results.damaged.get(results.record_name(name))
                reason = f"{results.folder / results.record_name(name)} {fault or 'is missing'}"
                return Found(results.folder / name, results, name, reason)
    if not path.is_file():
        raise ArtifactError(f"{path} is not a file, and no record describes it", remedy="correct the path")
    return Found(path, None, path.name, "it is not an artifact of the workflow")


def consumers(found: Found) -> list[str]:
    """Return the paths of artifacts here whose records name a file of this content as input or raw file."""
    try:
        every = [found.results] if found.results else experiments([Path(layout.RESULTS)])
    except UnlearnkitError:
        return []
    digest = sha256_of(found.path)
    return [
        str(results.folder / name)
        for results in every
        for name, record in results.records.items()
        if digest in (*record["inputs"].values(), *record.get("raw", {}).values())
    ]
