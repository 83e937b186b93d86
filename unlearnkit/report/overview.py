"""The table that opens the page: of every variant and forget set the distance to the floor, with cost and verdict."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import ModuleType
from typing import Any

from unlearnkit.layout import REFERENCE_CANDIDATES
from unlearnkit.registry import POOLS, scored_on
from unlearnkit.report.answer import shows_differences
from unlearnkit.report.numbers import number, shown
from unlearnkit.report.tables import STATISTICS, failure, interval_of
from unlearnkit.report.words import IMAGES, Words, shown_epoch

Row = Mapping[str, Any]
SHOWN_SPLITS = ("forget", "validation")
"""What was to be forgotten, and what was not: the splits of the table where the headline has them."""
GROUPS = {
    "contender": "Methods",
    "outside": "Baselines, and others that are not ranked",
    "reference": "References",
}
"""Part of the table -> its heading."""


@dataclass(frozen=True)
class Entry:
    """A cell: what is shown, small print below it, what it is sorted by, and the id of what explains it.

    `mark` is "floor" where a value cannot be distinguished from the oracles', "failed" where models failed.
    """

    text: str
    small: str = ""
    order: float | None = None
    mark: str = ""
    drawer: str = ""


@dataclass(frozen=True)
class OverviewLine:
    """A candidate at one snapshot; `last` if it has no later one, `note` why it is not ranked."""

    candidate: str
    method: str
    epoch: str
    last: bool
    note: str
    rank: Entry
    verdict: str
    mean: Entry
    passes: Entry
    seconds: Entry
    cells: tuple[Entry, ...]


@dataclass(frozen=True)
class Overview:
    """The opening table from the rows of one metric's table, costs and the leaderboard.

    A distance is the headline's statistic less that of the oracles on the same forget set and split, so 0 is ideal:
    value - floor where lower is better, floor - value where higher is, |value - floor| where they are to match.
    In means a distance below 0 counts as 0. Without oracles the value itself is shown. `drawers` (forget set,
    candidate) -> id of what explains the number; `certificates` are those of report.certificate.
    """

    name: str
    metric: ModuleType
    rows: Sequence[Row]
    costs: Sequence[Row]
    board: Mapping[str, Any]
    variants: Mapping[str, Any]
    drawers: Mapping[tuple[str, str], str] = field(default_factory=dict)
    words: Words = IMAGES
    certificates: Mapping[tuple[str, int], str] = field(default_factory=dict)

    @property
    def headline(self) -> Mapping[str, Any]:
        """What the metric declares of its headline."""
        return self.metric.MEASURES[self.metric.HEADLINE]

    @property
    def statistic(self) -> str:
        """What the statistic is called."""
        return STATISTICS[self.metric.STATISTIC]

    @cached_property
    def found(self) -> dict[tuple[str, int, str, str], Row]:
        """(candidate, epoch, forget set, split) -> row of the headline."""
        headlines = (row for row in self.rows if row["measure"] == self.metric.HEADLINE)
        return {(row["candidate"], row["epoch"], row["forget_set"], row["split"]): row for row in headlines}

    @cached_property
    def forget_sets(self) -> tuple[str, ...]:
        """The forget sets that have values."""
        return tuple(dict.fromkeys(forget_set for _, _, forget_set, _ in self.found))

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """The splits that have a column each."""
        present = dict.fromkeys(split for _, _, _, split in self.found)
        return tuple(split for split in SHOWN_SPLITS if split in present) or tuple(present)[:1]

    @cached_property
    def floors(self) -> dict[tuple[str, str], Row]:
        """(forget set, split) -> row of the oracles."""
        return {(name, split): row for (who, _, name, split), row in self.found.items() if who == "oracle"}

    @cached_property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """(forget set, split) of every column of values."""
        return tuple(itertools.product(self.forget_sets, self.splits))

    def groups(self) -> dict[str, list[OverviewLine]]:
        """Return group (a key of GROUPS) -> its lines, by rank and then by mean distance; no group is empty."""
        found: dict[str, list[OverviewLine]] = {group: [] for group in GROUPS}
        for line in sorted((self._line(*key) for key in dict.fromkeys(key[:2] for key in self.found)), key=_order):
            is_reference = line.candidate in REFERENCE_CANDIDATES
            found["reference" if is_reference else "outside" if line.note else "contender"].append(line)
        return {group: lines for group, lines in found.items() if lines}

    @cached_property
    def _last(self) -> dict[str, int]:
        return {candidate: epoch for candidate, epoch, *_ in sorted(self.found)}

    @cached_property
    def _ranked(self) -> dict[str, Row]:
        return {entry["method"]: entry for ranking in self.board["rankings"][:1] for entry in ranking["entries"]}

    @cached_property
    def _cost(self) -> dict[tuple[str, str, int], Row]:
        return {(row["forget_set"], row["candidate"], row["epoch"]): row for row in self.costs}

    @cached_property
    def _at_floor(self) -> dict[tuple[str, str], bool]:
        """(forget set, variant) -> whether its value cannot be distinguished from the oracles' after correction."""
        cells = (cell for cell in self.board["cells"] if cell["metric"] == self.name)
        p = {(cell["forget_set"], cell["method"]): cell["floor_p_corrected"] for cell in cells}
        return {key: value >= self.board["rule"]["level"] for key, value in p.items() if value is not None}

    def _line(self, candidate: str, epoch: int) -> OverviewLine:
        last = epoch == self._last[candidate]
        cells = [self._entry(candidate, epoch, *column) for column in self.columns]
        ranked = self._ranked.get(candidate) if last else None
        return OverviewLine(
            candidate,
            self.variants[candidate]["method"] if candidate in self.variants else "",
            shown_epoch(candidate, epoch, self.words) if epoch else "",
            last,
            self.board["outside"].get(candidate, ""),
            Entry(f"{ranked['rank']}{' =' * ranked['tied']}", order=ranked["rank"]) if ranked else Entry(""),
            self._verdict(candidate, epoch, ranked),
            _mean([self._damage(cell.order) for cell in cells], number),
            self._mean_cost(candidate, epoch, "relative_passes"),
            self._mean_cost(candidate, epoch, "relative_seconds"),
            tuple(cells),
        )

    def _entry(self, candidate: str, epoch: int, forget_set: str, split: str) -> Entry:
        row, drawer = self.found.get((candidate, epoch, forget_set, split)), self.drawers.get((forget_set, candidate))
        if row is None:
            return Entry("")
        entry = replace(self._distance(row), drawer=drawer or "")
        at_floor = epoch == self._last[candidate] and self._at_floor.get((forget_set, candidate), False)
        return replace(entry, mark="floor") if at_floor and not entry.mark else entry

    def _distance(self, row: Row) -> Entry:
        if failed := failure(row):
            return Entry("failed", failed, mark="failed")
        if (value := row[self.metric.STATISTIC]) is None:
            return Entry("")
        ends = [number(end) for end in interval_of(row, self.metric.STATISTIC) if end is not None]
        interval = f"[{', '.join(ends)}]" if len(ends) == 2 else ""
        floor = self.floors.get((row["forget_set"], row["split"]), {}).get(self.metric.STATISTIC)
        if floor is None:
            return Entry(number(value), interval, value)
        sign = -1 if self.headline["direction"] == "higher" else 1
        distance = abs(value - floor) if self.headline["direction"] == "match" else sign * (value - floor)
        return Entry(number(distance), f"{number(value)} {interval}".strip(), distance)

    def _damage(self, distance: float | None) -> float | None:
        """What a cell counts in the mean: no distance below 0 makes up for another above it."""
        return distance if distance is None or not self.floors else max(0.0, distance)

    def _mean_cost(self, candidate: str, epoch: int, key: str) -> Entry:
        rows = [self._cost.get((name, candidate, epoch)) for name in self.forget_sets]
        return _mean([None if row is None else row[key] for row in rows], shown)

    def _verdict(self, candidate: str, epoch: int, ranked: Row | None) -> str:
        """Where it ranks and whether it is at the floor, of what is ranked, and the certificate where there is one."""
        standing = (self._beside_the_first(ranked), self._floor_verdict(candidate)) if ranked else ()
        return "; ".join(filter(None, (*standing, self.certificates.get((candidate, epoch)))))

    def _floor_verdict(self, candidate: str) -> str:
        compared = [self._at_floor[name, candidate] for name in self.forget_sets if (name, candidate) in self._at_floor]
        if not compared:
            return ""
        if 0 < (at := sum(compared)) < len(compared):
            return f"at the floor on {at} of {len(compared)}"
        return "at the floor" if at else "off the floor"

    def _beside_the_first(self, ranked: Row) -> str:
        if ranked["rank"] == 1:
            return "first"
        if ranked["like_the_best"] is None:
            return ""
        behind = shows_differences(self.board["rankings"][0]) and not ranked["like_the_best"]
        return "behind the first" if behind else "like the first"


def leading_metric(
    metrics: Mapping[str, ModuleType], tables: Mapping[str, Sequence[Row]], board: Mapping[str, Any]
) -> str | None:
    """Return the metric that the page opens with; None if none is scored on forget sets.

    The first one that variants are ranked by, whose values are compared with the oracles' by a test and that needs
    oracles. What is missing counts in this order, so KLOM of three models, of which no test is possible, comes later.
    """
    scored = [name for name, declared in metrics.items() if scored_on(declared) != POOLS and tables[name]]
    tested = {cell["metric"] for cell in board["cells"] if cell["floor_p_corrected"] is not None}

    def lacks(name: str) -> tuple[bool, bool, bool]:
        return name not in board["metrics"], name not in tested, not metrics[name].NEEDS_ORACLE

    return min(scored, key=lacks, default=None)


def drawn_metric(
    metrics: Mapping[str, ModuleType], tables: Mapping[str, Sequence[Row]], board: Mapping[str, Any]
) -> str | None:
    """Return the metric whose trade-off is drawn: the leading one of those with headlines on SHOWN_SPLITS."""
    fitting = {}
    for name, metric in metrics.items():
        headlines = (row for row in tables[name] if row["measure"] == metric.HEADLINE)
        if {*SHOWN_SPLITS} <= {row["split"] for row in headlines if row[metric.STATISTIC] is not None}:
            fitting[name] = metric
    return leading_metric(fitting, tables, board)


def _mean(values: Sequence[float | None], form: Any) -> Entry:
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return Entry("")
    mean = math.fsum(known) / len(known)
    return Entry(form(mean), order=mean)


def _order(line: OverviewLine) -> tuple[bool, float, bool, float]:
    rank, mean = line.rank.order, line.mean.order
    return rank is None, rank or 0.0, mean is None, mean or 0.0
