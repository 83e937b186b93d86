"""A working copy of the repository in which tests run Snakemake, edit code and damage files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from unlearnkit.artifacts.resume import SUFFIX

CONFIG = "tiny.yaml"
RESULTS = "results/tiny"
COMPUTING = ("dataset", "forget_set", "original", "oracle", "margins", "unlearn", "score")
"""Rules whose jobs compute artifacts; the others make tables, figures and pages of them."""

_MESSAGE = r"Data set |Forget set |Originals |Oracles |Margins of |\S+ on \S+, models |(?:klom|mia) of \S+ on "


@dataclass(frozen=True)
class Outcome:
    """How a call of Snakemake ended: exit status and everything it printed."""

    status: int
    output: str

    @cached_property
    def counts(self) -> dict[str, int]:
        """Number of jobs by rule, from the table of jobs that Snakemake prints; empty if there is nothing to do."""
        table = re.search(r"^Job stats:\njob +count\n[- ]+\n(.*?)\ntotal ", self.output, re.DOTALL | re.MULTILINE)
        rows = (line.rsplit(maxsplit=1) for line in table[1].splitlines()) if table else ()
        return {rule: int(count) for rule, count in rows}

    @cached_property
    def jobs(self) -> set[str]:
        """Messages of the jobs of COMPUTING rules: "scrub on nines, models 0000-0001"."""
        found = re.findall(rf"^Job \d+: ((?:{_MESSAGE}).*)$", self.output, re.MULTILINE)
        assert len(found) == sum(self.counts.get(rule, 0) for rule in COMPUTING)
        return set(found)

    @cached_property
    def tables(self) -> set[str]:
        """Which tables are made: names of metrics, and "cost"."""
        metrics = re.findall(r"^Job \d+: Table of (\w+)$", self.output, re.MULTILINE)
        return {*metrics, *(["cost"] if "cost" in self.counts else [])}

    @property
    def nothing_to_do(self) -> bool:
        """Whether Snakemake said so."""
        return self.status == 0 and "Nothing to be done" in self.output and not self.counts


class Checkout:
    """A copy of the repository at `root`, with the tiny experiment as `tiny.yaml` beside the Snakefile."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of(cls, repository: Path, root: Path) -> Checkout:
        """Copy what git tracks or would track, as it lies in the working tree, links as links."""
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=repository,
            capture_output=True,
            check=True,
        )
        for name in listed.stdout.decode().split("\0"):
            source, target = repository / name, root / name
            if name and (source.is_symlink() or source.is_file()):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)
        shutil.copy(repository / "tests/runs" / CONFIG, root / CONFIG)
        return cls(root)

    def copy(self, root: Path) -> Checkout:
        """Copy this checkout with its results, Snakemake's records and all time stamps."""
        shutil.copytree(self.root, root, symlinks=True)
        return Checkout(root)

    # Snakemake

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every call: the package of this copy, one thread, no profile from the user's home."""
        own = {"PYTHONPATH": str(self.root), "OMP_NUM_THREADS": "1", "XDG_CONFIG_HOME": str(self.root / ".home")}
        return {**{name: value for name, value in os.environ.items() if not name.startswith("SNAKEMAKE")}, **own}

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of Snakemake with the tiny experiment."""
        return [sys.executable, "-m", "snakemake", *arguments, "--configfile", CONFIG]

    def snakemake(self, *arguments: str) -> Outcome:
        """Run Snakemake on the tiny experiment."""
        return self.run(*self.command(*arguments))

    def unlearnkit(self, *arguments: str) -> Outcome:
        """Run a command of the package, with the Python that runs the tests: another may be first on PATH."""
        return self.run(sys.executable, "-m", "unlearnkit", *arguments)

    def run(self, *command: str) -> Outcome:
        """Run a command at the root of the copy."""
        ended = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Outcome(ended.returncode, ended.stdout)

    def plan(self, *arguments: str) -> Outcome:
        """Dry-run Snakemake, which must succeed, and return what it would do."""
        outcome = self.snakemake("-n", *arguments)
        assert outcome.status == 0, outcome.output
        return outcome

    def make(self, *arguments: str) -> Outcome:
        """Run Snakemake, which must succeed."""
        outcome = self.snakemake(*arguments)
        assert outcome.status == 0, outcome.output
        return outcome

    # files

    def configure(self, changes: dict[str, Any]) -> None:
        """Set keys of the tiny experiment, by key path such as "methods.scrub.lr"; DELETED removes a key."""
        path = self.root / CONFIG
        config = yaml.safe_load(path.read_text())
        for key, value in changes.items():
            *blocks, last = key.split(".")
            block = config
            for name in blocks:
                block = block.setdefault(name, {})
            if value is DELETED:
                del block[last]
            else:
                block[last] = value
        path.write_text(yaml.safe_dump(config, sort_keys=False))

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text, which must occur once, in a file of the copy."""
        path = self.root / name
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new))

    def result(self, name: str) -> Path:
        """Return the path of an artifact, named from the results folder of the tiny experiment."""
        return self.root / RESULTS / name

    def artifacts(self, *patterns: str) -> dict[str, bytes]:
        """Return name -> content of the artifacts that match any of `patterns` (of pathlib), without provenance.

        What an interrupted job keeps in order to resume is no artifact.
        """
        folder = self.root / RESULTS
        found = (path for pattern in patterns for path in folder.glob(pattern))
        made = [path for path in found if path.is_file() and path.suffix != ".json" and path.parent.suffix != SUFFIX]
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(made)}

    def leftovers(self) -> Iterator[Path]:
        """Yield temporary files of writers that never finished."""
        return (self.root / "results").rglob("*.partial")


MadeOnce = Callable[[str, Checkout, Callable[[Checkout], object]], Checkout]
"""Type of the fixture `made_once`: (name, source, what to do with a copy of it) -> the copy."""

DELETED = object()
"""Marks a key to remove in `Checkout.configure`."""
