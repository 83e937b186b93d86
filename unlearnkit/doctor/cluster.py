"""Does the SLURM profile fit the cluster? Silent where there is no SLURM, and a note where it does not answer."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from unlearnkit.doctor.case import ERROR, OK, Case, Finding
from unlearnkit.workflow.repairs.polling import refuse_without_slurm

PROFILE = Path("profiles/slurm/config.v9+.yaml")
SECONDS = 20


def examine(case: Case) -> Iterator[Finding]:
    """Yield findings on the partition and the status command of profiles/slurm."""
    from unlearnkit.config.reading import read_yaml

    if shutil.which("sbatch") is None:
        return
    listed = _output("sinfo", "--noheader", "--format=%R")
    if listed is None:
        # no fault of whoever runs on this machine alone
        yield Finding(OK, "no SLURM controller answers (see scontrol ping); only runs with --profile slurm need one")
        return
    refuse_without_slurm()
    profile = read_yaml(PROFILE)
    partitions = sorted(set(listed.split()))
    yield from _partitions(profile, partitions)
    configuration = _output("scontrol", "show", "config") or ""
    storage = next((line for line in configuration.splitlines() if line.startswith("AccountingStorageType")), "")
    accounting = bool(storage and shutil.which("sacct")) and "none" not in storage and "(null)" not in storage
    command = profile.get("slurm-status-command")
    if not accounting and command != "squeue":
        remedy = f"set slurm-status-command: squeue in {PROFILE}"
        yield Finding(ERROR, "accounting is off, and without it Snakemake would wait forever for sacct", remedy)
    elif accounting and command == "squeue":
        remedy = f"set slurm-status-command: sacct in {PROFILE}"
        yield Finding(OK, f"accounting is on, so sacct would report more than squeue ({remedy})")
    else:
        yield Finding(OK, f"jobs are watched with {command}, accounting is {'on' if accounting else 'off'}")


def _partitions(profile: dict, partitions: list[str]) -> Iterator[Finding]:
    wanted = {"default-resources": (profile.get("default-resources") or {}).get("slurm_partition")}
    for rule, resources in (profile.get("set-resources") or {}).items():
        wanted[f"set-resources.{rule}"] = resources.get("slurm_partition")
    named = {key: name for key, name in wanted.items() if name}
    for key, name in named.items():
        if name not in partitions:
            remedy = f"set slurm_partition in {key} of {PROFILE} to one of {', '.join(partitions)}"
            yield Finding(ERROR, f"there is no partition {name}", remedy)
    if named and all(name in partitions for name in named.values()):
        yield Finding(OK, f"partition {', '.join(sorted(set(named.values())))} exists")


def _output(*command: str) -> str | None:
    """Return what a command prints, None if it fails, hangs or is not there."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout if ended.returncode == 0 else None
