"""Slots on the GPUs of one machine: every job of a local run gets a GPU of its own, or shares one with few others.

A slot is a lock file in a folder of this user and machine, held with `flock` by the job's process. The system releases
it when the process ends, however it ends, so a killed job or run leaves no slot taken. Two runs in two clones see the
same files and share the GPUs. Jobs of SLURM take no slot: SLURM gives them their GPUs.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import platform
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from unlearnkit.errors import ConfigError, cannot_write

OFFER = "UNLEARNKIT_GPU_SLOTS"
"""Variable by which a local run hands its GPUs to its jobs: "2:0,1" are the GPUs 0 and 1, for two jobs each."""

POLL_SECONDS = 0.2

_SECONDS = 30
"""Patience with nvidia-smi."""


def gpus_here(configured: Sequence[int] | None) -> list[str]:
    """Return the GPUs that jobs of this machine may use, as CUDA_VISIBLE_DEVICES names them.

    They are those that are `configured`, else what CUDA_VISIBLE_DEVICES leaves, else what nvidia-smi lists: indices in
    the order of the PCI bus, or the instances of GPUs that are divided (MIG).
    """
    if configured is not None:
        return [str(gpu) for gpu in configured]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        names = (name.strip() for name in visible.split(","))
        return list(dict.fromkeys(itertools.takewhile(lambda name: name not in ("", "-1", "NoDevFiles"), names)))
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return re.findall(r"UUID: (MIG-[^)]+)", listed.stdout) or re.findall(r"^GPU (\d+):", listed.stdout, re.MULTILINE)


def reserved(configured: int | None, device: str, here: Sequence[str]) -> int:
    """Return how many GPUs a process reserves: as `configured`, else 1 if there are any and `device` names no one."""
    return int(bool(here) and device in ("auto", "cuda")) if configured is None else configured


def offer(gpus: Sequence[str], jobs_per_gpu: int, needed: int) -> None:
    """Hand `gpus` to the jobs that this process starts, of which the largest needs `needed` at once.

    Raises ConfigError if there are fewer.
    """
    if len(gpus) < needed:
        raise ConfigError(
            f"execution.processes is {needed}, each with a GPU of its own, but there are {len(gpus)} GPUs here",
            expected="a GPU for every process",
            remedy=f"lower execution.processes to {len(gpus)}, or name more in execution.local_gpus",
        )
    if "CUDA_VISIBLE_DEVICES" not in os.environ:
        os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # the order of nvidia-smi; CUDA's own is by speed
    os.environ[OFFER] = f"{jobs_per_gpu}:{','.join(gpus)}"


@contextlib.contextmanager
def on_gpus(count: int, report: Callable[[str], None]) -> Iterator[None]:
    """Wait for slots on `count` different GPUs and let this process and its children see these GPUs only.

    Nothing happens without an offer, or if `count` is 0. To be entered before CUDA is initialised, which reads the
    variable once; importing torch does not initialise it. Raises ArtifactError if a lock cannot be taken.
    """
    shares, _, names = os.environ.get(OFFER, "").partition(":")
    if not (count and names):
        yield
        return
    gpus = names.split(",")
    slots = _Slots(gpus, int(shares))
    if not (held := slots.take(count)):
        slot = "a slot" if count == 1 else f"slots on {count} GPUs at once"
        report(f"waits for {slot}: GPUs {', '.join(gpus)}, execution.jobs_per_gpu {shares}")
        while not (held := slots.take(count)):
            time.sleep(POLL_SECONDS)
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(held)
    report(f"on GPU {', '.join(held)}")
    with contextlib.ExitStack() as stack:
        for lock in held.values():
            stack.enter_context(lock)
        yield


class _Slots:
    """The lock files of some GPUs, `jobs_per_gpu` each."""

    def __init__(self, gpus: Sequence[str], jobs_per_gpu: int) -> None:
        self._gpus, self._jobs_per_gpu = gpus, jobs_per_gpu
        # inside an allocation of SLURM, GPUs may be counted from 0 in each
        place = "-".join(filter(None, (platform.node(), str(os.getuid()), os.environ.get("SLURM_JOB_ID"))))
        self._folder = Path(tempfile.gettempdir()) / f"unlearnkit-gpus-{place}"
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            if self._folder.lstat().st_uid != os.getuid():
                raise PermissionError(1, "it belongs to another user")
        except OSError as error:
            raise cannot_write(f"the folder {self._folder}", error) from None

    def take(self, count: int) -> dict[str, IO[str]]:
        """Return GPU -> held lock for `count` different GPUs, those with the fewest jobs first; empty if too few."""
        held: dict[str, IO[str]] = {}
        # one job chooses at a time, so that no two hold a part of what both need
        with self._open("choosing") as choosing:
            _lock(choosing, fcntl.LOCK_EX)
            for share, gpu in itertools.product(range(self._jobs_per_gpu), self._gpus):
                if len(held) < count and gpu not in held:
                    slot = self._open(f"{gpu}.{share}")
                    if _lock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB):
                        held[gpu] = slot
                    else:
                        slot.close()
        if len(held) == count:
            return held
        for slot in held.values():
            slot.close()
        return {}

    def _open(self, name: str) -> IO[str]:
        path = self._folder / name.replace("/", "_")
        try:
            file = path.open("a")
            os.utime(path)  # what is old in a temporary folder may be cleared away
        except OSError as error:
            raise cannot_write(path, error) from None
        return file


def _lock(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    except OSError as error:  # a file system without locks
        raise cannot_write(file.name, error) from None
    return True
