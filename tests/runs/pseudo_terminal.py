"""A command whose output is a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Mapping
from pathlib import Path


def on_a_terminal(folder: Path, *command: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command on a pseudo-terminal of 100 columns and 30 lines; return its status and what it wrote."""
    master, slave = pty.openpty()
    own = {**environment, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
    run = subprocess.Popen(command, cwd=folder, env=own, stdout=slave, stderr=slave, stdin=slave)
    os.close(slave)
    written = bytearray()
    while part := _read(master):
        written += part
    os.close(master)
    return run.wait(), written.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # so Linux ends the output of a terminal
        return b""
