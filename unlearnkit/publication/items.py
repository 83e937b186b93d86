"""The files of a publication: what each holds, how large it is, and what is known of all of them together."""

from __future__ import annotations

import datetime
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from unlearnkit.artifacts.store import sha256_of
from unlearnkit.layout import RESULTS
from unlearnkit.lineage.records import Record
from unlearnkit.publication.configuration import PublicConfiguration
from unlearnkit.publication.selection import Selection

TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".svg": "image/svg+xml",
    ".html": "text/html",
    ".py": "text/x-python",
}
"""Ending -> media type; all others are application/octet-stream."""


@dataclass(frozen=True)
class Item:
    """A file of a publication: a file here or its content, bytes, SHA-256, and what it was made from (paths)."""

    source: Path | bytes
    bytes: int
    sha256: str
    made_from: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: Path | bytes, sha256: str | None = None, made_from: tuple[str, ...] = ()) -> Item:
        """Return the item of a file or a content, which is read for its hash unless that is known."""
        if isinstance(source, bytes):
            return cls(source, len(source), hashlib.sha256(source).hexdigest(), made_from)
        return cls(source, source.stat().st_size, sha256 or sha256_of(source), made_from)


@dataclass(frozen=True)
class Facts:
    """What the files that describe a publication say of it: `repository` is owner/name on the hub."""

    repository: str
    license: str
    selection: Selection
    configuration: PublicConfiguration

    @property
    def experiment(self) -> str:
        """Name of the experiment."""
        return self.selection.results.experiment

    @property
    def folder(self) -> str:
        """Where the results lie in the publication."""
        return f"{RESULTS}/{self.experiment}"

    @property
    def title(self) -> str:
        """One line."""
        return f"Machine unlearning results of the experiment {self.experiment}"

    @property
    def summary(self) -> str:
        """One paragraph: data set, model, counts."""
        keys, places = self.configuration.keys, self.selection.places.values()
        stages = Counter(place.stage for place in places)
        data, model = keys["data"]["name"], keys["model"]["name"]
        return (
            f"{model} on {data}, {keys['num_models']} models per population: {stages['margins']} files of margins, "
            f"{stages['scores']} of scores and {len(self.tables())} tables of original, "
            "retrained (oracle) and unlearned models, with the provenance of every file."
        )

    @cached_property
    def records(self) -> list[Record]:
        """The provenance records of what is published, by their times."""
        all_records = self.selection.results.records
        return sorted((all_records[n] for n in self.selection.places if n in all_records), key=lambda r: r["started"])

    @property
    def started(self) -> str:
        """When the first file was made."""
        return self.records[0]["started"]

    @property
    def ended(self) -> str:
        """When the last file was complete."""
        times = (
            datetime.datetime.fromisoformat(record["started"]) + datetime.timedelta(seconds=record["wall_seconds"])
            for record in self.records
        )
        return max(times).isoformat(timespec="seconds")

    def versions(self, package: str) -> str:
        """The versions of a package that files were made with."""
        found = dict.fromkeys(record["packages"].get(package, "unknown") for record in self.records)
        return ", ".join(found)

    def machines(self) -> str:
        """The processors and devices that files were made on."""
        found = (
            f"{record['machine'].get('processor', 'unknown')}, {record['machine'].get('cores')} cores"
            + (f", {device}" if (device := record.get("device", "CPU")) != "CPU" else "")
            for record in self.records
        )
        return "; ".join(dict.fromkeys(found))

    def tables(self) -> list[str]:
        """Names of the tables of which the Parquet form is published, those of metrics first."""
        names = [Path(name).stem for name in self.selection.names if name.startswith("tables/")]
        found = dict.fromkeys(name for name in names if f"tables/{name}.parquet" in self.selection.names)
        return sorted(found, key=lambda name: name == "cost")

    def margins(self) -> Iterator[str]:
        """Yield the names of the files of margins."""
        return (name for name in self.selection.names if self.selection.places[name].stage == "margins")


def media_type(path: str) -> str:
    """Return the media type of a file by its ending."""
    return TYPES.get(Path(path).suffix, "application/octet-stream")


def total(items: Mapping[str, Item]) -> int:
    """Return the bytes of all items."""
    return sum(item.bytes for item in items.values())
