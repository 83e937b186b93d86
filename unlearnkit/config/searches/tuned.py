"""Variants that are tuned by a search: their settings are the file that the search makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unlearnkit.layout import CHOSEN


def with_chosen_settings(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in which entries of `methods` with `tuned_by` name the file of that search's choice."""
    entries = raw.get("methods")
    if not isinstance(entries, Mapping):
        return dict(raw)
    return {**raw, "methods": {name: _tuned(entry, str(raw.get("experiment"))) for name, entry in entries.items()}}


def _tuned(entry: Any, experiment: str) -> Any:
    search = entry.get("tuned_by") if isinstance(entry, Mapping) else None
    # beside a file of the user's own it is refused, by the rules of searches
    if not isinstance(search, str) or "settings_file" in entry:
        return entry
    return {**entry, "settings_file": CHOSEN.format(experiment=experiment, search=search)}
