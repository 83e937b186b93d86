"""Which workers of a study live: each states its process in its trials, and touches a file every few seconds.

Optuna's journal has no heartbeat. A worker of this system is dead if there is no such process. Of a worker on another
system, or where processes cannot be looked up, only the file is known: the worker touches it as long as it lives.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from unlearnkit.workflow.repairs.run_lock import identity

BEAT_SECONDS = 5.0
"""From one touch of a worker's file to the next."""

SILENT_SECONDS = 60.0
"""After how long without a touch a worker that cannot be asked for is taken for dead."""


def described(worker: str | None) -> str:
    """Return "process 123 on host", "a process" if its number or the worker's name is not known."""
    process = json.loads(worker)["process"] if worker else None
    return f"process {process['pid']} on {process['host']}" if process else "a process"


class Presence:
    """A worker's presence in a folder that all workers of a study see; `name` is what it writes into its trials."""

    def __init__(self, folder: Path, silent_seconds: float = SILENT_SECONDS) -> None:
        self._folder, self._silent = folder, silent_seconds
        folder.mkdir(parents=True, exist_ok=True)
        self.name = json.dumps({"file": uuid4().hex, "process": identity(os.getpid())})
        self._file = self._file_of(self.name)

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Touch the file until the body ends; those of workers that are dead go."""
        ended = threading.Event()
        self._file.write_text(self.name)
        for file in self._folder.glob("*.worker"):
            if self._is_left(file):
                file.unlink(missing_ok=True)
        thread = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self._file.unlink(missing_ok=True)

    def is_gone(self, other: str | None) -> bool:
        """Return whether the worker of a name is dead; a name is None where a worker died before it wrote it."""
        if other is None:
            return False
        process = json.loads(other)["process"]
        here: Any = identity(os.getpid())
        if process and here and process["system"] == here["system"]:
            return process != identity(process["pid"])
        return self._is_silent(self._file_of(other))

    def _is_left(self, file: Path) -> bool:
        try:
            return self.is_gone(file.read_text())
        except (OSError, ValueError):  # it is being written, or was removed
            return self._is_silent(file)

    def _is_silent(self, file: Path) -> bool:
        # both times are of one clock, that of the file system
        self._file.touch()
        try:
            return self._file.stat().st_mtime - file.stat().st_mtime > self._silent
        except FileNotFoundError:
            return True

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(BEAT_SECONDS):
            with contextlib.suppress(OSError):
                self._file.touch()

    def _file_of(self, name: str) -> Path:
        return self._folder / f"{json.loads(name)['file']}.worker"
