"""Is this the root of a clone or a working folder, can it be written to, and is it free of what a killed run leaves?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import unlearnkit
from unlearnkit.doctor.case import ERROR, OK, WARNING, Case, Finding
from unlearnkit.errors import DataError
from unlearnkit.workflow.paths import takable
from unlearnkit.workflow.repairs.run_lock import why_locked

PROFILES = ("slurm", "local", "smoke")
LOCKS = Path(".snakemake/locks")
LITTLE = 1e9
"""Bytes of free disk below which a warning is due."""


def examine(case: Case) -> Iterator[Finding]:
    """Yield findings on the current folder."""
    here = Path.cwd()
    if not Path("Snakefile").is_file():
        yield Finding(
            ERROR,
            f"{here} holds no Snakefile",
            "change to the root of the clone, or make a working folder: unlearnkit init FOLDER",
        )
        return
    yield Finding(OK, f"{here} is the root of the workflow")
    try:
        takable(str(here))
    except DataError as error:
        yield Finding(ERROR, error.fact, error.remedy or "")
    package = Path(unlearnkit.__file__).resolve().parent.parent
    if package != here.resolve() and not _includes_installed(Path("Snakefile")):
        remedy = "install this clone (pip install -e '.[all]'), or work there"
        yield Finding(WARNING, f"jobs use the package in {package}, not the one here", remedy)
    for profile in PROFILES:
        if not Path(profile).is_dir():
            remedy = f"write --profile profiles/{profile}, or restore the link: ln -sfn profiles/{profile} {profile}"
            yield Finding(WARNING, f"--profile {profile} finds nothing, since the link {profile} is lost", remedy)
    if any(LOCKS.glob("*.lock")):
        problem = why_locked(LOCKS)
        fact = problem or "a run that was killed has left its lock, which the next run releases"
        yield Finding(WARNING if problem else OK, fact)
    yield from _room()


def _includes_installed(snakefile: Path) -> bool:
    """Return whether a Snakefile takes the workflow from the package, as that of `unlearnkit init` does."""
    return "unlearnkit.shipped" in snakefile.read_text(encoding="utf-8", errors="replace")


def _room() -> Iterator[Finding]:
    for folder in (Path("results"), Path("logs"), Path(".snakemake")):
        place = folder if folder.exists() else Path()
        if not os.access(place, os.W_OK | os.X_OK):
            yield Finding(ERROR, f"{folder} cannot be written to", f"correct its permissions: chmod -R u+w {place}")
    free = shutil.disk_usage("results" if Path("results").exists() else ".").free
    if free < LITTLE:
        yield Finding(WARNING, f"only {free / 1e9:.2f} GB of disk are free", "free some; weights may be removed")
    else:
        yield Finding(OK, f"{free / 1e9:.0f} GB of disk are free")
