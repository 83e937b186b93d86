"""Marks of variants on the forget sets that their settings were searched on, where their values flatter them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = dict[str, Any]
TunedOn = Mapping[str, Sequence[str]]
"""Variant -> the forget sets that a search tuned it on; nothing where no variant is tuned."""

MARK = "\N{DAGGER}"


def with_tuning(rows: Sequence[Row], tuned_on: TunedOn) -> list[Row]:
    """Return rows with `tuned_here`: whether their candidate was tuned on their forget set."""
    return [{**row, "tuned_here": _is_tuned(row, tuned_on)} if tuned_on else row for row in rows]


def marked(rows: Sequence[Row], tuned_on: TunedOn) -> list[Row]:
    """Return rows for a table to read, in which such candidates have a mark behind their names."""
    return [{**row, "candidate": f"{row['candidate']} {MARK}"} if _is_tuned(row, tuned_on) else row for row in rows]


def note(rows: Sequence[Row], tuned_on: TunedOn) -> str:
    """Return what the mark means, as Markdown; nothing where no row has it."""
    has_mark = any(_is_tuned(row, tuned_on) for row in rows)
    return f"\n{MARK} tuned on this forget set, so that its values are flattered.\n" if has_mark else ""


def _is_tuned(row: Mapping[str, Any], tuned_on: TunedOn) -> bool:
    return row["forget_set"] in tuned_on.get(row["candidate"], ())
