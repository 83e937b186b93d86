"""What is whole of a study's journal after a full disk, a power loss or a fault of the disk.

Snakemake removes a study's table before its job starts, so the journal alone holds the finished trials. A study that is
finished leaves a copy of its journal, which begins with the SHA-256 of the rest. Journals only grow: one that does not
begin with what its copy holds was damaged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from optuna.storages.journal import JournalFileSymlinkLock

from unlearnkit.artifacts.store import write_parts
from unlearnkit.errors import cannot_write

COPY, DAMAGED = ".copy", ".damaged"
"""What is appended to the path of a journal to name its copy, and the journal as it was when damage was found."""


def keep_copy(path: Path) -> None:
    """Copy the journal of a study that is finished."""
    with _locked(path):
        content = path.read_bytes()
    write_parts(_beside(path, COPY), [_digest(content), content])


def mend(path: Path, report: Callable[[str], None]) -> None:
    """Leave what is whole of a journal, before any worker opens it.

    A last line that is incomplete is cut off. With other damage, the lines before it or those of the copy stay;
    `report` states which, and the damaged file is kept. Without a journal its copy goes: the study is to begin again.
    """
    if not path.exists():
        _beside(path, COPY).unlink(missing_ok=True)
        return
    with _locked(path):
        content, copy = path.read_bytes(), _copy_of(path)
        written = content[: content.rfind(b"\n") + 1]
        kept = _whole(written) if written.startswith(copy) else copy
        if kept != written:
            write_parts(_beside(path, DAMAGED), [content])
            report(_lost(path, kept, is_copy=kept == copy != b""))
        if kept != content:
            write_parts(path, [kept])


def _lost(path: Path, kept: bytes, *, is_copy: bool) -> str:
    number = kept.count(b"\n") + 1
    stays = "the trials of the last finished run stay" if is_copy else f"trials that ended before line {number} stay"
    return f"{path} is damaged: {stays}, later ones are run again; the damaged file is kept as {path.name}{DAMAGED}"


def _whole(content: bytes) -> bytes:
    """Return the lines before the first one that is not an entry of a journal."""
    end = 0
    for line in content.splitlines(keepends=True):
        if not _is_entry(line):
            break
        end += len(line)
    return content[:end]


def _is_entry(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _copy_of(path: Path) -> bytes:
    """Return what the copy of a journal holds, nothing if there is none or it is damaged itself."""
    try:
        digest, _, content = _beside(path, COPY).read_bytes().partition(b"\n")
    except FileNotFoundError:
        return b""
    return content if digest + b"\n" == _digest(content) else b""


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode() + b"\n"


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = JournalFileSymlinkLock(str(path))
    try:
        lock.acquire()
        try:
            yield
        finally:
            lock.release()
    except OSError as error:
        raise cannot_write(path, error) from None
