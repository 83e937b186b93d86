"""Commands: what `unlearnkit COMMAND --help` prints."""

from __future__ import annotations

import contextlib
import io
import os

from unlearnkit.__main__ import COMMANDS, main

WIDTH = "100"


def pages() -> dict[str, str]:
    """Return the page of all commands."""
    os.environ["COLUMNS"] = WIDTH
    parts = ["# Every command\n", "What `unlearnkit COMMAND --help` prints.\n"]
    for name, summary in COMMANDS.items():
        parts.append(f"## {name}\n\n{summary[:1].upper()}{summary[1:]}\n\n```text\n{_help(name)}\n```\n")
    return {"commands": "\n".join(parts)}


def _help(name: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        main([name, "--help"])
    return printed.getvalue().rstrip()
