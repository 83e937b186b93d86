"""An experiment's results folder as its provenance records describe it."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from unlearnkit.artifacts import partial, resume
from unlearnkit.artifacts.provenance import SEAL, sealed
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.errors import ArtifactError
from unlearnkit.layout import JOURNALS, REPLIES, provenance
from unlearnkit.places import Place, files_below, is_given, owner_of, place_of

Record = Mapping[str, Any]

_KINDS = {
    "artifact": str,
    "sha256": str,
    "rule": str,
    "settings": dict,
    "code": str,
    "inputs": dict,
    "packages": dict,
    "python": str,
    "machine": dict,
    "started": str,
    "wall_seconds": (int, float),
}
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Results:
    """The files of one experiment and their records, by name relative to the experiment's folder.

    The folder may lie anywhere and have any name: records name files by the path that they had when they were made,
    and `inside` brings that back to a name. `damaged` says what is wrong with records that cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ArtifactError(
                f"{folder} is not a folder",
                expected="the results of an experiment, such as results/digits",
                remedy="correct the path, or run snakemake first",
            )
        self.folder = folder
        self.files: dict[str, os.stat_result] = dict(sorted(_files(folder)))
        self.records: dict[str, Record] = {}
        self.damaged: dict[str, str] = {}
        for name in self.files:
            if name.endswith(".json") and not leftover(name) and not place_of(name):
                self._read(name)
        for name in [name for name in self.records if self._prefix(name) != self.recorded_as]:
            self.damaged[provenance(name)] = f"is the record of {self.records.pop(name)['artifact']}"
        self._hashes: dict[Path, str] = {}

    def _read(self, name: str) -> None:
        try:
            record = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            self.damaged[name] = f"cannot be read ({error})"
            return
        if fault := fault_of(record, name.removesuffix(".json")):
            self.damaged[name] = fault
        else:
            self.records[name.removesuffix(".json")] = record

    @cached_property
    def recorded_as(self) -> str:
        """The folder's path when the records were written, such as "results/digits": that of most records."""
        prefixes = Counter(map(self._prefix, self.records))
        return prefixes.most_common(1)[0][0] if prefixes else str(self.folder)

    def _prefix(self, name: str) -> str:
        return self.records[name]["artifact"].removesuffix(f"/{name}")

    @cached_property
    def experiment(self) -> str:
        """Name of the experiment."""
        return Path(self.recorded_as).name

    @cached_property
    def root(self) -> Path:
        """The folder that recorded relative paths start from."""
        return Path() if self.is_moved else self.folder.resolve().parents[len(Path(self.recorded_as).parts) - 1]

    @cached_property
    def companions(self) -> set[str]:
        """Names of the files whose hash stands in the record of another one."""
        paths = [path for record in self.records.values() for path in record.get("also", {})]
        return {name for path in paths if (name := self.inside(path)) is not None}

    @cached_property
    def placed(self) -> dict[str, Place]:
        """Artifacts that exist or that a record describes -> their places, in the order in which they are made."""
        names = {*self.files, *self.records, *self.companions, *(name.removesuffix(".json") for name in self.damaged)}
        places = {name: place for name in sorted(names) if not leftover(name) and (place := place_of(name))}
        return dict(sorted(places.items(), key=lambda item: item[1].order))

    @property
    def is_moved(self) -> bool:
        """Whether the folder lies elsewhere than where its files were made."""
        tail = Path(self.recorded_as).parts
        return self.folder.resolve().parts[-len(tail) :] != tail

    def inside(self, path: str) -> str | None:
        """Return the name of a recorded path, None if it lies outside the experiment's folder."""
        prefix = f"{self.recorded_as}/"
        return path.removeprefix(prefix) if path.startswith(prefix) and ".." not in path.split("/") else None

    def record_of(self, name: str) -> Record | None:
        """Return the record that describes an artifact: its own, or that of the artifact it was made with."""
        return self.records.get(owner_of(name))

    def record_name(self, name: str) -> str:
        """Return the name of the record that describes an artifact, or should."""
        return provenance(owner_of(name))

    def recorded_hash(self, name: str) -> str | None:
        """Return the SHA-256 that the record of an artifact states."""
        record = self.record_of(name)
        if record is None:
            return None
        recorded = record["sha256"] if name in self.records else None
        return recorded or record.get("also", {}).get(f"{self.recorded_as}/{name}")

    def hash_of(self, name: str) -> str | None:
        """Return the SHA-256 of a file, None if it is not there, and a text that says so if it cannot be read."""
        return self._hash(self.folder / name) if name in self.files else None

    def hash_outside(self, path: str) -> str | None:
        """Return the same of a recorded path outside the folder."""
        return self._hash(self.root / path) if self.is_here(path) else None

    def is_here(self, path: str) -> bool:
        """Return whether the file of a recorded path outside the folder is on this machine."""
        return (self.root / path).is_file()

    def _hash(self, path: Path) -> str:
        if path not in self._hashes:
            try:
                self._hashes[path] = sha256_of(path)
            except OSError as error:
                self._hashes[path] = f"unknown ({error.strerror})"
        return self._hashes[path]

    def inputs(self, name: str) -> dict[str, str]:
        """Return recorded path -> SHA-256 of what an artifact was made from."""
        record = self.record_of(name)
        return dict(record["inputs"]) if record else {}

    def given_inputs(self, record: Record) -> list[str]:
        """Return the recorded paths of the user's files that an artifact was made of: no job makes them."""
        return [path for path in record["inputs"] if is_given(path) and self.inside(path) is None]


def experiments(paths: list[Path]) -> list[Results]:
    """Return the results folders at or below `paths`; raises ArtifactError if one holds no experiment."""
    found = []
    for path in paths:
        folders = [path] if _is_experiment(path) else sorted(p for p in path.glob("*") if _is_experiment(p))
        if not folders:
            raise ArtifactError(
                f"{path} holds no results",
                expected="results, or the folder of an experiment such as results/digits",
                remedy="correct the path, or run snakemake first",
            )
        found += folders
    return [Results(folder) for folder in found]


def leftover(name: str) -> tuple[str, str] | None:
    """Return who left a file that no job declares ("an interrupted writer" or "job"), and the folder it lies in."""
    for suffix, source in ((resume.SUFFIX, "an interrupted job"), (partial.SUFFIX, "an interrupted writer")):
        folder, found, _ = name.partition(f"{suffix}/")
        if found:
            return source, f"{folder}{suffix}"
    return None


def of_a_study(name: str) -> bool:
    """Return whether a file lies in the folder of a study's journals, which no rule declares."""
    table, found, _ = name.partition(f"{JOURNALS}/")
    place = place_of(table) if found else None
    return place is not None and place.stage == "studies"


def of_a_judge(name: str) -> bool:
    """Return whether a file is the journal of a judge's replies beside an observation, which no rule declares."""
    place = place_of(name.removesuffix(REPLIES)) if name.endswith(REPLIES) else None
    return place is not None and place.is_observation


def _is_experiment(folder: Path) -> bool:
    return folder.is_dir() and any(place_of(name.removesuffix(".json")) for name, _ in _files(folder))


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    for path in map(Path, files_below(str(folder))):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.stat()


def fault_of(record: Any, name: str) -> str | None:
    """Return what makes the record of an artifact unusable, None if nothing does."""
    if not isinstance(record, dict):
        return "holds no keys"
    wrong = [key for key, kind in _KINDS.items() if not isinstance(record.get(key), kind)]
    if wrong:
        return f"lacks {', '.join(wrong)}"
    hashes = [record["sha256"]]
    for key in ("inputs", "also", "raw"):
        if not isinstance(hashed := record.get(key, {}), dict):
            return f"has no usable {key}"
        hashes += hashed.values()
    if not all(isinstance(text, str) and _DIGEST.fullmatch(text) for text in hashes):
        return "holds something else than a SHA-256"
    if not re.fullmatch(rf"results/[^/]+/{re.escape(name)}", record["artifact"]):
        return f"is the record of {record['artifact']}"
    return "is not what its job wrote" if record.get(SEAL) not in (None, sealed(record)[SEAL]) else None
