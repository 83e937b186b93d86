"""The holders of Snakemake's lock on the folder: the next run releases a lock that a killed run has left.

Snakemake (9.27) locks the files of a run without recording its process, and after SIGKILL or a power loss refuses every
run until `--unlock`. Here a run states host, start of the system, process and its start beside the lock. A later run on
the same running system sees whether that process lives. A holder elsewhere is never taken for dead.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Identity = dict[str, str | int]
"""host; system: the start of its kernel and the space of its process numbers; pid; start in ticks of the kernel."""


def identity(pid: int) -> Identity | None:
    """Return the identity of a process of this system; None if there is no such process, or no /proc to ask."""
    try:
        # fields 3 and 22, counted behind the command's name in parentheses; Z is a process that has ended
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        system = f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return None
    return None if state == "Z" else {"host": platform.node(), "system": system, "pid": pid, "start": int(fields[18])}


def repair_locks(persistence: Any, failure: type[Exception], say: Callable[[str], None]) -> None:
    """Repair Snakemake's class of records, which locks; nothing happens if it was done before or has other parts.

    Where the folder is locked by others, a run ends with `failure`; `say` shows that a lock was released.
    """
    lock = getattr(persistence, "lock", None)
    if lock is None or lock.__module__ == __name__ or not hasattr(persistence, "cleanup_locks"):
        return

    @contextlib.contextmanager
    def named_lock(self: Any) -> Iterator[None]:
        folder = Path(self.path) / "locks"
        if self.locked:
            if problem := why_locked(folder):
                raise failure(problem)
            self.cleanup_locks()
            say(
                "A run that was killed on this machine has left its lock, which is released now. Jobs of it that still "
                "run do no harm: they write the same bytes."
            )
        if holder := identity(os.getpid()):
            folder.mkdir(parents=True, exist_ok=True)
            # before the lock, so that there is none without a name
            (folder / f"{holder['host']}.{holder['pid']}.holder").write_text(json.dumps(holder))
        with lock(self):
            yield

    persistence.lock = named_lock


def why_locked(folder: Path) -> str | None:
    """Return why the locks in `folder` must stay, with what to do; None if all of their holders are certainly dead."""
    holders = list(_holders(folder))
    here = identity(os.getpid())
    unlock = "If no such run exists any more, give the same command with --unlock once, then without"
    # a run has the two files N.input.lock and N.output.lock, or one of them
    locks = {path.name.partition(".")[0] for path in folder.glob("*.lock")}
    if here is None or len(holders) < len(locks):
        return f"This folder is locked by a run that left no name. {unlock}."
    for holder in holders:
        where = f"process {holder['pid']} on {holder['host']}"
        if holder["system"] != here["system"]:
            return (
                f"This folder is locked by {where}, which cannot be seen from here: it runs elsewhere, or ran before "
                f"this machine was started again. {unlock}."
            )
        if holder == identity(int(holder["pid"])):
            return f"This folder is locked by a run that goes on ({where}). Wait until it ends, or stop it with Ctrl-C."
    return None


def who_runs(folder: Path) -> str:
    """Return who holds the locks in `folder`, such as "process 12 on vm"; "" if nobody does that may be alive."""
    if not any(folder.glob("*.lock")) or why_locked(folder) is None:
        return ""
    return ", ".join(f"process {each['pid']} on {each['host']}" for each in _holders(folder)) or "a run without a name"


def _holders(folder: Path) -> Iterator[Identity]:
    """Yield the runs that stand beside the locks; of one that cannot be read, the lock has no name."""
    for path in folder.glob("*.holder"):
        with contextlib.suppress(OSError, ValueError):
            yield json.loads(path.read_text())
