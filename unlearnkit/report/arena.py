"""The tables of trials by name: what each of them holds and shows."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from unlearnkit.report import arena_table, sizes_table

TABLES: Mapping[str, ModuleType] = {"arena": arena_table, "sizes": sizes_table}
"""Table -> module with COLUMNS, rows(trials, settings), markdown(rows, skipped, settings) and figure(rows)."""
