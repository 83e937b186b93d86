"""The commands that make lost or damaged artifacts again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from unlearnkit.lineage.records import Results


class Repair:
    """Commands for one experiment; `configuration` are the files that describe it, None if they are not known.

    Two calls of Snakemake: the first makes exactly what is named, from inputs that are compared by content, the second
    brings what depends on new records (costs, page) up to date.
    """

    def __init__(self, results: Results, configuration: list[Path] | None) -> None:
        self._results = results
        files = ["FILE"] if configuration is None else [shlex.quote(str(path)) for path in configuration]
        self._configuration = f" --configfile {' '.join(files)}" if files else ""

    def path(self, name: str) -> str:
        """Return the path of an artifact from the workflow's root, where Snakemake is called."""
        return f"{self._results.recorded_as}/{name}"

    def update(self) -> str:
        """Return the command that makes whatever is missing or out of date."""
        return f"snakemake{self._configuration}"

    def command(self, remake: Iterable[str], touch: Iterable[str] = ()) -> str:
        """Return the command that makes files again, and what was made from earlier versions of others."""
        made = " ".join(shlex.quote(self.path(name)) for name in sorted(remake))
        touched = " ".join(shlex.quote(self.path(name)) for name in sorted(touch))
        steps = [f"rm -f {made}", f"snakemake {made}{self._configuration}"] if made else []
        return " && ".join([*steps, *([f"touch {touched}"] if touched else []), self.update()])

    def remove(self, name: str) -> str:
        """Return the command that removes a leftover."""
        folder, dot, _ = name.partition(".resume/")
        return f"rm -r {shlex.quote(self.path(folder + '.resume'))}" if dot else f"rm {shlex.quote(self.path(name))}"
