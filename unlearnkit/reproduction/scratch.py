"""A working folder with what is taken as published, in which the workflow computes the rest."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from unlearnkit.errors import ArtifactError, cannot_write
from unlearnkit.layout import RESULTS
from unlearnkit.places import place_of
from unlearnkit.planning.dry_run import dry_run
from unlearnkit.planning.plan import Plan, make_plan
from unlearnkit.planning.records import Record
from unlearnkit.publication import configuration
from unlearnkit.reproduction.present_code import refuse_other_code
from unlearnkit.reproduction.sources import Source
from unlearnkit.shipped import PROJECT

LOG = "snakemake.log"
_LINES = 30
_PAST = 1_000_000_000
"""A time before any run, in seconds: what is taken must be older than what is computed, and ordered by stage."""


class Scratch:
    """A working folder for some targets, named as in the source."""

    def __init__(self, folder: Path, source: Source, taken: Collection[str]) -> None:
        self.folder, self._source, self._taken = folder, source, taken
        try:
            for path, content in source.surroundings().items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content if isinstance(content, bytes) else content.read_bytes())
                os.utime(folder / path, (_PAST - 1, _PAST - 1))
            for name in taken:
                self._take(name)
        except OSError as error:
            raise cannot_write(folder, error) from None

    def path(self, name: str) -> Path:
        """Return the path of an artifact here."""
        return self.folder / RESULTS / self._source.experiment / name

    def _take(self, name: str) -> None:
        target = self.path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        # not a link: Snakemake compares times, and those of the source are not to be changed
        shutil.copyfile(self._source.file(name), target)
        place = place_of(name) or place_of(name.removesuffix(".json"))
        made = _PAST + (place.order if place else 0)
        os.utime(target, (made, made))

    def priced(self, targets: Collection[str], again: Collection[str], cores: int, records: Sequence[Record]) -> Plan:
        """Return what computing the targets costs.

        Raises ArtifactError if the workflow would also make again what is taken as published, and UnlearnkitError if it
        would not start, as with other code than that of the publisher.
        """
        with contextlib.chdir(self.folder):
            refuse_other_code(self._source, self._taken)
            plan = make_plan(dry_run(self._arguments(targets, cores)), records)
        prefix = f"{RESULTS}/{self._source.experiment}/"
        stages = {place.stage for name in again if (place := place_of(name))}
        for job in plan.found.jobs:
            names = [path.removeprefix(prefix) for path in job.outputs.values()]
            if not {place.stage for name in names if (place := place_of(name))} & stages:
                raise ArtifactError(
                    f"the workflow would make {names[0]} again as well, which nothing that was asked for needs",
                    expected="configuration and results that belong together",
                    remedy=f"run `unlearnkit verify` on {self._source.title}",
                )
        return plan

    def compute(self, targets: Collection[str], cores: int) -> None:
        """Run the workflow for the targets; raises ArtifactError with the end of its log if it fails."""
        command = [sys.executable, "-m", "snakemake", *self._arguments(targets, cores)]
        log = self.folder / LOG
        with log.open("w") as stream:
            ended = subprocess.run(command, cwd=self.folder, stdout=stream, stderr=subprocess.STDOUT, check=False)
        if ended.returncode:
            lines = log.read_text(errors="replace").splitlines()[-_LINES:]
            raise ArtifactError("computing it again failed:\n" + "\n".join(lines))

    def _arguments(self, targets: Collection[str], cores: int) -> list[str]:
        paths = [f"{RESULTS}/{self._source.experiment}/{name}" for name in targets]
        snakefile = str(PROJECT / "Snakefile")
        return [*paths, "--snakefile", snakefile, "--configfile", configuration.NAME, "--cores", str(cores)]
