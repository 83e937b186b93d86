"""The commands that make lost or damaged artifacts again."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable
from pathlib import Path

from unlearnkit.config.reading import option
from unlearnkit.lineage.records import Results
from unlearnkit.places import place_of


class Repair:
    """Commands for one experiment; `configuration` are the files that describe it, None if they are not known.

    The first calls of Snakemake make exactly what is named, from inputs that are compared by content; the last brings
    what depends on new records (costs, page) up to date.
    """

    def __init__(self, results: Results, configuration: list[Path] | None) -> None:
        self._results = results
        self._configuration = option(["FILE"] if configuration is None else configuration)

    def path(self, name: str) -> str:
        """Return the path of an artifact from the workflow's root, where Snakemake is called."""
        return f"{self._results.recorded_as}/{name}"

    def update(self) -> str:
        """Return the command that makes whatever is missing or out of date."""
        return f"snakemake{self._configuration}"

    def command(self, remake: Collection[str], touch: Collection[str] = ()) -> str:
        """Return the command that makes files again, and what was made from earlier versions of others."""
        stages: dict[int, list[str]] = {}
        for name in sorted(remake):
            place = place_of(name.removesuffix(".json"))
            stages.setdefault(place.order if place else -1, []).append(name)
        steps = [f"rm -f {self._paths(remake)}"] if stages else []
        # stage by stage: in one call, Snakemake would make again all that lies between two of them
        steps += [f"snakemake {self._paths(names)}{self._configuration}" for _, names in sorted(stages.items())]
        return " && ".join([*steps, *([f"touch {self._paths(touch)}"] if touch else []), self.update()])

    def _paths(self, names: Iterable[str]) -> str:
        return " ".join(shlex.quote(self.path(name)) for name in sorted(names))

    def remove(self, folder: str) -> str:
        """Return the command that removes the folder of a leftover."""
        return f"rm -r {shlex.quote(self.path(folder))}"
