"""Text of the code as Markdown: escaped, and in tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\*_<>\[\]#~^$|])")


def escaped(text: str) -> str:
    """Return text in which only backticks have a meaning, also within a table."""
    parts = " ".join(text.split()).split("`")
    return "`".join(
        part.replace("|", r"\|") if inside else _SPECIAL.sub(r"\\\1", part)
        for part, inside in zip(parts, [False, True] * len(parts), strict=False)
    )


def code(value: object) -> str:
    """Return a value as code within a table."""
    return f"`{value}`".replace("|", r"\|")


def number(value: float) -> str:
    """Return a number with commas between thousands, as 1,437."""
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, or nothing if there are no rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads), *lines]) + "\n" if lines else ""
