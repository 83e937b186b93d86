"""Unfinished files: each in a locked folder of its own, so that what killed writers left is recognised and removed."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

SUFFIX = ".partial"
_LOCK = "lock"

ATTEMPTS = 1000
"""Tries to make a folder that others may take away; more than one is rare, and many mean that it cannot be made."""


@contextlib.contextmanager
def partial_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder beside `target`, removed at the end, after removing those of writers that were killed.

    A folder and not a file, since libraries write under temporary names of their own (safetensors does). The writer
    holds a lock, which the system releases when it dies. Raises OSError if the folder cannot be made.
    """
    remove_abandoned(target.parent, target.name)
    folder, lock = _locked_folder(target)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()


def remove_abandoned(folder: Path, name: str | None = None) -> None:
    """Remove the unfinished files in `folder` (of the target `name`, if given) whose writers are dead."""
    pattern = re.compile(rf"\.{re.escape(name) if name else '.+'}\.[^.]+{re.escape(SUFFIX)}")
    try:
        paths = list(folder.iterdir())
    except FileNotFoundError:
        return
    for path in paths:
        if pattern.fullmatch(path.name):
            # one that is locked, filled or taken away meanwhile is somebody else's business
            with contextlib.suppress(OSError):
                _remove_unless_locked(path)


def _remove_unless_locked(folder: Path) -> None:
    try:
        lock = (folder / _LOCK).open("rb+")
    except FileNotFoundError:
        folder.rmdir()  # fails if its writer has just filled it
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)  # while locked: a writer that waits for the lock finds it gone and makes another


def _locked_folder(target: Path) -> tuple[Path, IO[bytes]]:
    for attempts_left in reversed(range(ATTEMPTS)):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=SUFFIX))
        except (FileNotFoundError, FileExistsError):
            # a resume folder that another job discards at this moment, unless it goes on
            if not attempts_left:
                raise
            continue
        try:
            lock = (folder / _LOCK).open("wb")
        except FileNotFoundError:
            continue  # taken for abandoned before it was locked
        except OSError:
            folder.rmdir()
            raise
        with contextlib.suppress(OSError):  # a file system without locks, where nothing is ever taken for abandoned
            fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / _LOCK).exists():
            return folder, lock
        lock.close()
    raise FileNotFoundError(errno.ENOENT, "its temporary folder is removed again and again", str(target))
