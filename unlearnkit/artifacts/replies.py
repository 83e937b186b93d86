"""Replies of judges: a journal beside an artifact, which no rule declares, so that none is asked for or paid for twice.

It has one JSON object a line: the key of a question (`key_of`), the reply, and a checksum of both. A line is flushed to
disk before the next reply is asked for; a line that is damaged or cut off costs its own reply alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from unlearnkit.errors import cannot_write
from unlearnkit.layout import REPLIES


def key_of(judge: Mapping[str, Any], question: Any) -> str:
    """Return the SHA-256 (hexadecimal) of who is asked, with which settings, and what, all as JSON."""
    return hashlib.sha256(json.dumps([judge, question], sort_keys=True).encode()).hexdigest()


class Replies:
    """The replies that were kept beside an artifact, by the keys of their questions."""

    def __init__(self, artifact: str | os.PathLike[str]) -> None:
        self.path = Path(f"{os.fspath(artifact)}{REPLIES}")
        self._kept = dict(_lines(self.path))

    def __getitem__(self, key: str) -> str:
        """Return the reply to a question; raises KeyError if there is none."""
        return self._kept[key]

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def keep(self, key: str, reply: str) -> None:
        """Add a reply and flush it to disk; raises ArtifactError if it cannot be written."""
        line = json.dumps({"key": key, "reply": reply, "sha256": _checksum(key, reply)}).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # one write at the end of the file: a job that a killed run left behind may be writing as well
            with self.path.open("a+b") as stream:
                stream.write(line if _ends_a_line(stream) else b"\n" + line)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise cannot_write(self.path, error) from None
        self._kept[key] = reply


def _ends_a_line(stream: BinaryIO) -> bool:
    """Return whether a file is empty or ends with the end of a line; one that was cut off does not."""
    if not stream.seek(0, os.SEEK_END):
        return True
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) == b"\n"


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    for line in content.split(b"\n"):
        try:
            entry = json.loads(line)
            key, reply, checksum = (entry[name] for name in ("key", "reply", "sha256"))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(key, str) and isinstance(reply, str) and checksum == _checksum(key, reply):
            yield key, reply


def _checksum(key: str, reply: str) -> str:
    return hashlib.sha256(f"{key}\n{reply}".encode()).hexdigest()
