"""A published pool: a repository at one commit, what its layout says, and a record of every file that was read."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from unlearnkit.artifacts.store import sha256_of
from unlearnkit.errors import DataError
from unlearnkit.facts.layouts import LAYOUTS
from unlearnkit.facts.layouts.pieces import Names
from unlearnkit.hub.manifests import NAME, read_manifest
from unlearnkit.hub.repository import Repository

OURS = "unlearnkit"
"""The layout of what `unlearnkit publish` uploads."""


class Pool:
    """The files of a pool, fetched where they are needed.

    `stated` are the settings under `published` in a job's slice: repository, revision, layout, and what files are named
    after. `sources` states path, commit, SHA-256 and bytes of every file that was fetched, for the record. Nothing is
    asked of the hub before a file is.
    """

    def __init__(self, stated: Mapping[str, Any], report: Callable[[str], None]) -> None:
        self.stated, self._report = stated, report
        self.names = Names(stated["data_set"], stated["model"], stated["epoch"])
        self.number = stated["forget_set"]
        self.sources: list[dict[str, Any]] = []

    @property
    def layout(self) -> ModuleType:
        """The layout of another publisher; ours has no such module."""
        return LAYOUTS[self.stated["layout"]]

    @property
    def place(self) -> str:
        """Repository and commit, as messages name them."""
        return f"{self.stated['repository']} at {self.stated['revision'][:12]}"

    def named(self, path: str) -> str:
        """Return a file of the repository as messages name it: path, repository and commit."""
        return f"{path} of {self.place}"

    def fetch(self, path: str, model: str) -> Path:
        """Return a file of the repository in the client's cache; the `model` or models in it enter the record.

        Raises what `Repository.fetch` raises.
        """
        return self._noted(path, model, self._repository.fetch(path, self._report))

    def fetch_all(self, models: Mapping[str, str]) -> dict[str, Path]:
        """Return path -> file as `fetch` does, several at a time; `models` is path -> the model or models in it."""
        files = self._repository.fetch_all([*models], self._report)
        return {path: self._noted(path, models[path], file) for path, file in zip(models, files, strict=True)}

    def matching(self, pattern: str) -> str:
        """Return the only path of the repository that has a pattern ("*" stands for any characters).

        A pattern without "*" is the path. Raises DataError if there is none or more than one.
        """
        if "*" not in pattern:
            return pattern
        found = [path for path in self.paths if fnmatch.fnmatchcase(path, pattern)]
        if len(found) != 1:
            many = f"{len(found)} files like {pattern} ({', '.join(found[:3])})" if found else f"no file {pattern}"
            raise DataError(
                f"{self.place} has {many}",
                expected=f"one, where the layout {self.stated['layout']} has it",
                remedy="train these models here, or name a repository and layout that have them",
            )
        return found[0]

    @cached_property
    def paths(self) -> list[str]:
        """The paths of all files of the commit; of a publication of ours, of those that its manifest lists.

        Raises ArtifactError for a manifest that is none of ours.
        """
        found = [file.path for file in self._repository.files()]
        if self.stated["layout"] != OURS or NAME not in found:
            return found
        content = read_manifest(self._repository.fetch(NAME, self._report), self.place)
        listed = {file["path"] for file in content["files"]}
        return [path for path in found if path in listed]

    def _noted(self, path: str, model: str, file: Path) -> Path:
        origin = {"path": f"{self.stated['repository']}/{path}", "revision": self.stated["revision"]}
        self.sources.append({"model": model, **origin, "sha256": sha256_of(file), "bytes": file.stat().st_size})
        return file

    @cached_property
    def _repository(self) -> Repository:
        return Repository(self.stated["repository"], self.stated["revision"])
