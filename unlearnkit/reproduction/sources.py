"""Where published results are read: a data set of the hub at a commit, a copy of one in a folder, or results here."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from importlib.machinery import all_suffixes
from pathlib import Path
from typing import Any, Protocol

from unlearnkit.config.reading import read_yaml
from unlearnkit.errors import ArtifactError
from unlearnkit.hub.repository import Repository
from unlearnkit.layout import RESULTS, provenance
from unlearnkit.lineage.configured import configuration_files
from unlearnkit.lineage.records import Results, fault_of
from unlearnkit.places import owner_of, place_of
from unlearnkit.publication import configuration, manifest, ro_crate
from unlearnkit.publication.configuration import public_configuration
from unlearnkit.publication.contents import SNAKEFILE

Report = Callable[[str], None]
_CODE = tuple(all_suffixes())
"""Endings of what Python imports: the working folder is on its path."""


class Source(Protocol):
    """Published results: names of artifacts are relative to the folder of the experiment."""

    title: str
    experiment: str

    def names(self) -> set[str]:
        """Return the names of all files in the folder of the experiment."""
        ...

    def file(self, name: str) -> Path:
        """Return a file of that folder, verified; raises an UnlearnkitError if it is not there or not as published."""
        ...

    def stated(self, name: str) -> str | None:
        """Return the SHA-256 that is stated of a file of that folder beside its record, None if there is none."""
        ...

    def surroundings(self) -> Mapping[str, Path | bytes]:
        """Return what belongs into a working folder beside results: path -> file or content."""
        ...


def record_of(source: Source, name: str) -> dict[str, Any]:
    """Return the provenance record that describes an artifact.

    Raises ArtifactError if there is none, if it cannot be used, or if what was published is not what it states.
    """
    path = provenance(owner_of(name))
    if path not in source.names():
        raise ArtifactError(
            f"{source.title} has no record of {name}, so nothing says what it was made from",
            expected=path,
            remedy="check the name: `unlearnkit verify` lists what is there",
        )
    record: Any = None
    with contextlib.suppress(ValueError, RecursionError):
        record = json.loads(source.file(path).read_text(encoding="utf-8"))
    if fault := fault_of(record, owner_of(name)):
        raise ArtifactError(f"{path} of {source.title} {fault}", expected="a record that a job wrote")
    if source.stated(name) not in (None, recorded_hash(source, record, name)):
        raise ArtifactError(
            f"{name} of {source.title} is not what its own record states",
            expected=f"SHA-256 {recorded_hash(source, record, name)}",
            remedy="do not rely on it: it was changed after it was made",
        )
    return record


def recorded_hash(source: Source, record: Mapping[str, Any], name: str) -> str | None:
    """Return the SHA-256 that the record which describes an artifact states of it, None if it states none."""
    if owner_of(name) == name:
        return record["sha256"]
    return record.get("also", {}).get(f"{RESULTS}/{source.experiment}/{name}")


class Publication:
    """A publication, of which `fetch` returns the file of a path."""

    def __init__(self, title: str, fetch: Callable[[str], Path]) -> None:
        self.title, self._fetch = title, fetch
        content = manifest.read_manifest(fetch(manifest.NAME), title)
        self.experiment: str = content["experiment"]
        self._files: dict[str, Mapping[str, Any]] = {file["path"]: file for file in content["files"]}

    @classmethod
    def in_folder(cls, folder: Path) -> Publication:
        """Return the publication that was copied to a folder."""
        here = folder.absolute()  # the working folder changes to where things are computed
        return cls(str(folder), lambda path: _present(here / path))

    @classmethod
    def on_the_hub(cls, name: str, commit: str, report: Report) -> Publication:
        """Return the publication in a repository of the hub; raises HubError if it cannot be fetched."""
        repository = Repository(name, commit)
        if manifest.NAME not in {file.path for file in repository.files()}:
            raise ArtifactError(
                f"the data set {name} is no publication of unlearnkit: it has no {manifest.NAME}",
                expected="what `unlearnkit publish` uploads",
                remedy="check the name and the commit",
            )
        return cls(f"{name}@{commit[:12]}", lambda path: repository.fetch(path, report))

    def names(self) -> set[str]:
        """Return the names of all files in the folder of the experiment."""
        folder = f"{RESULTS}/{self.experiment}/"
        return {path.removeprefix(folder) for path in self._files if path.startswith(folder)}

    def file(self, name: str) -> Path:
        """Return a file of that folder, verified; raises an UnlearnkitError if it is not there or not as published."""
        if place_of(name):
            record_of(self, name)  # else a changed file would do as long as the manifest was changed with it
        return self._verified(f"{RESULTS}/{self.experiment}/{name}")

    def stated(self, name: str) -> str | None:
        """Return the SHA-256 that the manifest states of a file of that folder, None if its content is not there."""
        return self._files.get(f"{RESULTS}/{self.experiment}/{name}", {}).get("sha256")

    def surroundings(self) -> Mapping[str, Path | bytes]:
        """Return configuration, Snakefile, plug-ins, settings and index files; the Snakefile is ours, not theirs."""
        found = {path: self._verified(path) for path in self._beside_results()}
        return {**found, ro_crate.WORKFLOW: SNAKEFILE}

    def refuse_code(self) -> None:
        """Raise ArtifactError, listing them, if code of the publisher would be laid out where Python finds it."""
        code = [p for p in self._beside_results() if p.startswith(f"{configuration.PLUG_INS}/") or p.endswith(_CODE)]
        if code:
            raise ArtifactError(
                f"{self.title} brings code of its publisher, which runs as soon as its configuration is read: "
                f"{', '.join(sorted(code))}",
                expected="nothing to run, or your consent",
                remedy="read these files, and add --trust-plug-ins if you would run them",
            )

    def _beside_results(self) -> list[str]:
        folders = (f"{configuration.PLUG_INS}/", f"{configuration.SETTINGS}/")
        configured = {configuration.NAME, *configuration.input_files(read_yaml(self._verified(configuration.NAME)))}
        return [path for path in self._files if path in configured or path.startswith(folders)]

    def _verified(self, path: str) -> Path:
        if path not in self._files:
            raise ArtifactError(f"{self.title} has no {path}", expected="a file that its manifest lists")
        found = self._fetch(path)
        manifest.refuse_other_content(found, self._files[path], self.title)
        return found


class ResultsHere:
    """Results on this machine that were not published, and their configuration."""

    def __init__(self, folder: Path, files: list[Path]) -> None:
        self._results = Results(folder.absolute())
        self.title, self.experiment = str(folder), self._results.experiment
        found = configuration_files(self.experiment, files)
        if found is None:
            raise ArtifactError(
                f"no configuration here names the experiment {self.experiment} of {folder}, or several do",
                expected="the one that the results were made with",
                remedy="name it with --configfile",
            )
        self._configuration = public_configuration(found)

    def names(self) -> set[str]:
        """Return the names of all files in the folder of the experiment."""
        return {*self._results.files}

    def file(self, name: str) -> Path:
        """Return a file of that folder; raises ArtifactError if it is not there or not what its record states."""
        recorded = None if name.endswith(".json") else self._results.recorded_hash(name)
        if name not in self._results.files or recorded not in (None, self._results.hash_of(name)):
            raise ArtifactError(
                f"{self.title}/{name} is missing or is not what its record states",
                expected="sound results",
                remedy=f"run `unlearnkit verify {self.title}`",
            )
        return self._results.folder / name

    def stated(self, name: str) -> str | None:
        """Return None: `file` compares a file here with its record."""
        return None

    def surroundings(self) -> Mapping[str, Path | bytes]:
        """Return configuration, Snakefile, plug-ins and settings files."""
        files = {configuration.NAME: self._configuration.text, ro_crate.WORKFLOW: SNAKEFILE}
        return {**files, **self._configuration.files}


def source_of(text: str, files: list[Path], report: Report) -> Source:
    """Return the source that `text` names: a folder, or owner/name@commit.

    `files` are the configuration of results here. Raises an UnlearnkitError if it names nothing of the kind.
    """
    if Path(text).is_dir():
        folder = Path(text)
        published = (folder / manifest.NAME).is_file() and (folder / RESULTS).is_dir()
        return Publication.in_folder(folder) if published else ResultsHere(folder, files)
    name, at, commit = text.partition("@")
    if not at:
        raise ArtifactError(
            f"{text} is no folder, and no data set at a commit",
            expected="owner/name@COMMIT, a folder with a copy of such a data set, or results such as results/digits",
            remedy="correct the path, or add the commit, 40 hexadecimal digits",
        )
    return Publication.on_the_hub(name, commit, report)


def _present(path: Path) -> Path:
    if not path.is_file():
        raise ArtifactError(f"{path} is missing", expected="all files of the publication", remedy="fetch it again")
    return path
