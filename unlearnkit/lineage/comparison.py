"""Two results folders: which artifacts differ, and the few causes that explain them."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from unlearnkit.artifacts.tables import read_table
from unlearnkit.lineage.causes import DAMAGED, UNEXPLAINED, Cause, Causes
from unlearnkit.lineage.records import Results

TIMES = ("seconds", "relative_seconds", "rte_seconds", "stack_size", "peak_memory_mb", "gpu_memory_mb")
"""Columns of the cost table that no two runs share."""


@dataclass
class Comparison:
    """What two folders have in common and what not; names are relative to the folders."""

    equal: int = 0
    times_only: list[str] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)
    only_old: dict[str, int] = field(default_factory=dict)
    only_new: dict[str, int] = field(default_factory=dict)
    differing: dict[str, list[Cause]] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """Whether there is no difference but in times."""
        return not (self.differing or self.only_old or self.only_new)

    def causes(self) -> list[tuple[Cause, list[str]]]:
        """Return every first cause with the artifacts that it explains, the one that explains most first."""
        found: dict[Cause, list[str]] = {}
        for name, causes in self.differing.items():
            for cause in causes:
                found.setdefault(cause, []).append(name)
        return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))

    def alarming(self) -> list[tuple[Cause, list[str]]]:
        """Return the causes that should not occur: damage, and differences that no record explains."""
        return [(cause, names) for cause, names in self.causes() if cause.kind in (DAMAGED, UNEXPLAINED)]


def compare(old: Results, new: Results, progress: Callable[[int, int], None]) -> Comparison:
    """Compare all artifacts of two folders by content, and explain those that differ.

    The hash of weights that were removed is taken from their record. Of the cost table all but its times is compared,
    and its two other forms are taken to differ if it does. Pages show times, and nothing that the tables and
    figures do not hold, so they are not compared.
    """
    found = Comparison()
    names = {side: _names(side) for side in (old, new)}
    found.only_old, found.only_new = _kinds(old, names[old] - names[new]), _kinds(new, names[new] - names[old])
    common = [name for name in old.placed if name in names[old] & names[new]]
    differing = set()
    for done, name in enumerate(common):
        progress(done, len(common))
        if name.startswith("report/"):
            found.not_compared.append(name)
        elif _hash(old, name) == _hash(new, name):
            found.equal += 1
        elif name.startswith("tables/cost.") and _costs(old) == _costs(new):
            found.times_only.append(name)
        else:
            differing.add(name)
    causes = Causes(old, new, differing, found.times_only)
    found.differing = {name: sorted(causes.of(name)) for name in common if name in differing}
    return found


def _names(results: Results) -> set[str]:
    return {name for name in results.placed if name in results.files or results.record_of(name)}


def _kinds(results: Results, names: set[str]) -> dict[str, int]:
    return dict(Counter(place.kind for name, place in results.placed.items() if name in names))


def _hash(results: Results, name: str) -> str | None:
    return results.hash_of(name) or results.recorded_hash(name)


def _costs(results: Results) -> list[dict[str, Any]] | None:
    """Return the rows of the cost table without times, as text; None if the table is not there."""
    name = next((name for name in ("tables/cost.parquet", "tables/cost.csv") if name in results.files), None)
    if name is None:
        return None
    if name.endswith(".csv"):
        rows: list[dict[str, Any]] = list(csv.DictReader((results.folder / name).read_text().splitlines()))
    else:
        rows = read_table(results.folder / name)[0].to_pylist()
    return [{key: str(value) for key, value in row.items() if key not in TIMES} for row in rows]
