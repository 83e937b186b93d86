"""Artifacts that Snakemake does not compare with the configuration: do their own records say what it asks for?

Snakemake keeps what a file was made with in `.snakemake`. Where that was left behind, as by a copy of `results` alone,
or where `--rerun-triggers` leaves out `params`, it takes every file that exists for what the configuration describes.
New artifacts would be computed from old ones, and the page would state settings that these were not made with. The
provenance beside the files knows better.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unlearnkit.errors import ArtifactError
from unlearnkit.layout import LOGS, ROOT
from unlearnkit.places import Place, files_below, place_of_path
from unlearnkit.stages import DOCUMENTS
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.guards.changes import changes, recorded_beside
from unlearnkit.workflow.guards.workplace import refuse_unwritable
from unlearnkit.workflow.present import Present

SNAKEMAKE_RECORDS = (Path(".snakemake/metadata"), Path(".snakemake/incomplete"))
SNAKEMAKE_DATABASE = Path(".snakemake/metadata.db")
"""Where `--persistence-backend db` keeps the records instead: it is not looked into, and Snakemake is left to judge."""

Record = Mapping[str, Any]


def refuse_foreign(graph: Graph) -> None:
    """Raise ArtifactError if files that Snakemake has no record of were made with other settings, code or inputs."""
    foreign = foreign_artifacts(graph)
    if not foreign:
        return
    path, reason = next(iter(foreign.items()))
    listed = Path(LOGS, graph.experiment.experiment, "foreign_files.txt")
    refuse_unwritable(str(listed.parent))
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_text("".join(f"{name}\n" for name in foreign))
    raise ArtifactError(
        f"{len(foreign)} files were not made by this configuration, and Snakemake has no record of them:"
        f" {path} {reason}",
        expected="the folder .snakemake of the run that made them, or files of this configuration",
        remedy=f"bring that folder along, or run `xargs rm -f < {listed}`, then the same snakemake command again",
    )


def refuse_other_settings(graph: Graph) -> None:
    """Raise ArtifactError if there are artifacts of other settings, where Snakemake does not compare these.

    Tables, figures and page are left out: they are made again with what they present. So is other code: to keep what
    older code made is what the option is for, and no table states code.
    """
    present = Present(graph)
    computed = {path: place for path, place in _artifacts(graph).items() if place.stage not in DOCUMENTS}
    for path, place in computed.items():
        if difference := _other_settings(present, place, recorded_beside(path)):
            raise ArtifactError(
                f"{path} {difference}, and this command would take it as it is, since it keeps Snakemake from comparing"
                " parameters",
                expected="artifacts of this configuration, since the page states its settings",
                remedy="leave out --touch or --rerun-triggers, or give the experiment a name of its own with `--config "
                "experiment=NAME`",
            )


def foreign_artifacts(graph: Graph) -> dict[str, str]:
    """Return path -> what differs, for the artifacts without a record of Snakemake's that are not of this experiment.

    An artifact made of such a one is one, too. Artifacts that the configuration does not ask for are left out.
    """
    if SNAKEMAKE_DATABASE.exists():
        return {}
    places = _artifacts(graph)
    unknown = [path for path in places if not has_snakemake_record(path)]
    records = {path: record for path in unknown if "settings" in (record := recorded_beside(path))}
    present = Present(graph)
    found: dict[str, str] = {}

    def difference(path: str) -> str:
        if path not in found and path in records:
            found[path] = ""
            code, record = present.code(places[path]), records[path]
            other_code = "was made by other code" if code not in (None, record.get("code")) else ""
            settings = _other_settings(present, places[path], record)
            found[path] = settings or other_code or difference_of_inputs(record)
        return found.get(path, "")

    def difference_of_inputs(record: Record) -> str:
        for name, digest in record.get("inputs", {}).items():
            if reason := difference(name):
                return f"was made of {name}, which {reason}"
            if name in records and records[name].get("sha256") != digest:
                return f"was made of another {name}"
        return ""

    return {path: reason for path in records if (reason := difference(path))}


def _artifacts(graph: Graph) -> dict[str, Place]:
    """Return path -> place of the artifacts that exist, in the order of their stages."""
    found = {path: place for path in files_below(graph.path(ROOT)) if (place := place_of_path(path))}
    return dict(sorted(found.items(), key=lambda item: (item[1].order, item[0])))


def has_snakemake_record(artifact: str) -> bool:
    """Whether Snakemake knows how it made a file, or that it did not finish it (snakemake/persistence/file.py)."""
    key = urlsafe_b64encode(artifact.encode()).decode()
    pieces = [key[first : first + 254] for first in range(0, len(key), 254)]
    name = Path(*(f"@{piece}" for piece in pieces[:-1]), pieces[-1])
    return any((folder / name).exists() for folder in SNAKEMAKE_RECORDS)


def _other_settings(present: Present, place: Place, record: Record) -> str:
    """Return how the settings of a record differ from those that the experiment asks for, in words; "" if not."""
    settings = present.settings(place)
    if settings is None or settings == record.get("settings", settings):
        return ""
    return f"was made with other settings ({', '.join(changes(record['settings'], settings))})"
