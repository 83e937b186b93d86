"""The terminal of a run: kept for the display, while what jobs write to it goes to a file that the display reads."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from typing import TextIO

_OUTPUT, _ERROR = 1, 2
_MOST = 1_000_000


class Terminal:
    """Standard output and standard error, as far as they are terminals, point to a file until `release`.

    Jobs inherit both and would write into the display. The file is a plain one and not a pipe: a job that outlives a
    killed run must be able to write on.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the display
        self._read, self._kept = 0, {fd: os.dup(fd) for fd in (_OUTPUT, _ERROR) if os.isatty(fd)}
        self.stream: TextIO = os.fdopen(os.dup(self._kept.get(_ERROR, _ERROR)), "w", encoding="utf-8", errors="replace")
        """The terminal itself."""
        _flush()
        for fd in self._kept:
            os.dup2(self._file.fileno(), fd)

    def written(self, *, last: bool = False) -> list[str]:
        """Return the lines that were written since the last call; a line without an end waits for it, or is `last`."""
        # not by a seek: those who write share the position
        content = os.pread(self._file.fileno(), _MOST, self._read)
        end = len(content) if last or len(content) == _MOST else content.rfind(b"\n") + 1
        self._read += end
        return content[:end].decode(errors="replace").splitlines()

    def release(self) -> None:
        """Give both back."""
        _flush()
        for fd, kept in self._kept.items():
            os.dup2(kept, fd)
            os.close(kept)
        self._kept = {}


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
