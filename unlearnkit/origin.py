"""Artifacts that Snakemake has no record of: do their own records say what the configuration asks for?

Snakemake keeps what a file was made with in `.snakemake`. Where that was left behind, as by a copy of `results` alone,
it takes every file that exists for what the configuration describes. The provenance beside the files knows better.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from unlearnkit.errors import ArtifactError
from unlearnkit.graph import Graph
from unlearnkit.layout import LOGS, ROOT, provenance
from unlearnkit.places import files_below, place_of, recorded_artifact
from unlearnkit.present import Present
from unlearnkit.workplace import refuse_unwritable

SNAKEMAKE_RECORDS = (Path(".snakemake/metadata"), Path(".snakemake/incomplete"))
SNAKEMAKE_DATABASE = Path(".snakemake/metadata.db")
"""Where `--persistence-backend db` keeps the records instead: it is not looked into, and Snakemake is left to judge."""

Record = Mapping[str, Any]


def refuse_foreign(graph: Graph, experiment: str) -> None:
    """Raise ArtifactError if files that Snakemake has no record of were made with other settings, code or inputs."""
    foreign = foreign_artifacts(graph, experiment)
    if not foreign:
        return
    path, reason = next(iter(foreign.items()))
    listed = Path(LOGS, experiment, "foreign_files.txt")
    refuse_unwritable(str(listed.parent))
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_text("".join(f"{name}\n" for name in foreign))
    raise ArtifactError(
        f"{len(foreign)} files were not made by this configuration, and Snakemake has no record that would tell it:"
        f" {path} {reason}",
        expected="the folder .snakemake of the run that made them, or files of this configuration",
        remedy=f"bring that folder along, or run `xargs rm -f < {listed}`, then the same snakemake command again",
    )


def recorded_beside(artifact: str) -> Record:
    """Return the provenance of an artifact, empty if it cannot be read: the job that reads the artifact will say so."""
    try:
        record = json.loads(Path(provenance(artifact)).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def foreign_artifacts(graph: Graph, experiment: str) -> dict[str, str]:
    """Return path -> what differs, for the artifacts without a record of Snakemake's that are not of this experiment.

    An artifact made of such a one is one, too. Artifacts that the configuration does not ask for are left out.
    """
    if SNAKEMAKE_DATABASE.exists():
        return {}
    records = dict(_unknown_records(ROOT.replace("{experiment}", experiment)))
    present = Present(graph)
    found: dict[str, str] = {}

    def difference(path: str) -> str:
        if path not in found and path in records:
            found[path] = ""
            found[path] = _difference(present, path, records[path]) or difference_of_inputs(records[path])
        return found.get(path, "")

    def difference_of_inputs(record: Record) -> str:
        for name, digest in record.get("inputs", {}).items():
            if told := difference(name):
                return f"was made of {name}, which {told}"
            if name in records and records[name].get("sha256") != digest:
                return f"was made of another {name}"
        return ""

    return {path: reason for path in sorted(records) if (reason := difference(path))}


def _unknown_records(folder: str) -> Iterator[tuple[str, Record]]:
    """Yield (artifact, its provenance) where Snakemake has no record of the artifact."""
    for path in files_below(folder):
        artifact = recorded_artifact(path)
        if artifact and Path(artifact).exists() and not has_snakemake_record(artifact):
            record = recorded_beside(artifact)
            if "settings" in record:
                yield artifact, record


def has_snakemake_record(artifact: str) -> bool:
    """Whether Snakemake knows how it made a file, or that it did not finish it (snakemake/persistence/file.py)."""
    key = urlsafe_b64encode(artifact.encode()).decode()
    pieces = [key[first : first + 254] for first in range(0, len(key), 254)]
    name = Path(*(f"@{piece}" for piece in pieces[:-1]), pieces[-1])
    return any((folder / name).exists() for folder in SNAKEMAKE_RECORDS)


def _difference(present: Present, artifact: str, record: Record) -> str:
    """Return what an artifact was made with that the experiment does not ask for, or ""."""
    place = place_of("/".join(PurePosixPath(artifact).parts[2:]))
    settings = present.settings(place) if place else None
    if place is None or settings is None:
        return ""
    if settings != record["settings"]:
        return "was made with other settings"
    return "" if present.code(place) == record.get("code") else "was made by other code"
