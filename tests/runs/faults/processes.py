"""A run of Snakemake in the background: what it is doing at this moment, and ways to kill it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from checkout import Checkout

KINDS = ("snakemake alone", "all processes", "the job's process")
"""What is killed: Snakemake, whose job then runs on; Snakemake and its job; the job, which Snakemake survives."""


class Run:
    """Snakemake, started in `copy` with a log of its output; use as `with Run(copy) as run:`."""

    def __init__(self, copy: Checkout, *arguments: str) -> None:
        self._copy = copy
        self._earlier = set(scripts_of(copy))
        self._log = copy.root / "run.log"
        with self._log.open("w") as stream:
            self.process = subprocess.Popen(
                copy.command(*arguments),
                cwd=copy.root,
                env=copy.environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        if self.ended() is None:
            self.kill("all processes")

    @property
    def output(self) -> str:
        """Everything it has printed so far."""
        return self._log.read_text()

    def ended(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self.process.poll()

    def jobs(self) -> list[str]:
        """Return the messages of the jobs begun so far, in order: "Originals 0000-0001"."""
        return re.findall(r"^Job \d+: (.*)$", self.output, re.MULTILINE)

    def scripts(self) -> set[int]:
        """Return the processes of its jobs."""
        return set(scripts_of(self._copy)) - self._earlier

    def kill(self, kind: str) -> None:
        """Send SIGKILL to what `kind` says, and wait for Snakemake to end."""
        if kind == "the job's process":
            for script in self.scripts():
                kill(script)
        else:
            kill(self.process.pid)
            if kind == "all processes":
                for script in self.scripts():
                    kill(script)
        self.process.wait()


def scripts_of(copy: Checkout) -> list[int]:
    """Return the processes that run a script of a rule in this copy, orphans included."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                if b"/.snakemake/scripts/" in b" ".join(words) and (process / "cwd").readlink() == copy.root:
                    found.append(int(process.name))
    return found


def kill(pid: int) -> None:
    """Send SIGKILL, if there still is such a process."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def wait_for_orphans(copy: Checkout) -> None:
    """Return once no job of an earlier run is left."""
    while scripts_of(copy):
        time.sleep(0.05)
