"""What the page's tables show, as text: cells with value, interval and mark, ready for the template."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

from unlearnkit.layout import REFERENCE_CANDIDATES
from unlearnkit.report.numbers import named_values, number, shown
from unlearnkit.report.tables import STATISTICS, failure, interval_of, undefined

Row = Mapping[str, Any]
Key = tuple[str, int]
"""Candidate and epoch."""
MOST_COLUMNS = 8
"""A metric with more columns gets one table per measure, the headline's first."""
ARROWS = {
    "lower": "↓ lower is better",
    "higher": "↑ higher is better",
    "match": "≈ as close to the oracles as possible",
}


class Column(NamedTuple):
    """A statistic of a measure on a split."""

    measure: str
    split: str
    statistic: str


@dataclass(frozen=True)
class Cell:
    """A value with its interval over models; `best` if no other contender's is better."""

    value: str
    interval: str = ""
    best: bool = False


@dataclass(frozen=True)
class Line:
    """One candidate at one epoch; `kind` is "original", "oracle" or "variant", `failure` why there are no cells."""

    candidate: str
    kind: str
    epoch: int
    compared: str
    passes: str
    seconds: str
    cells: tuple[Cell, ...]
    failure: str


@dataclass(frozen=True)
class MetricTable:
    """A table: header rows of (text, columns spanned), lines, and what its measures are."""

    title: str
    notes: tuple[str, ...]
    header: tuple[tuple[tuple[str, int], ...], ...]
    lines: tuple[Line, ...]


def metric_tables(
    rows: Sequence[Row], costs: Sequence[Row], metric: ModuleType, contenders: Collection[str]
) -> list[MetricTable]:
    """Return the tables of one metric on one forget set: its verdicts if it has some, then one, or one per
    measure if that would be too wide.

    `rows` are those of report.tables.metric_rows and `costs` those of report.cost.cost_rows, of this forget set;
    `metric` gives MEASURES, HEADLINE, STATISTIC and NEEDS_ORACLE. The best value of a column is sought among
    `contenders`: by the measure's direction, or as the closest to the oracles' value if that is "match".
    """
    statistics = list(dict.fromkeys((metric.STATISTIC, "mean")))
    present = {(row["measure"], row["split"]) for row in rows}
    columns = {
        measure: [
            Column(measure, split, statistic)
            for split in declared["splits"]
            if (measure, split) in present
            for statistic in statistics
        ]
        for measure, declared in metric.MEASURES.items()
    }
    together = sum(map(len, columns.values())) <= MOST_COLUMNS
    measures = [metric.HEADLINE, *(name for name in columns if name != metric.HEADLINE)]
    groups = [list(columns)] if together else [[name] for name in measures]
    return [
        *_verdict_tables(rows, costs, metric),
        *(
            MetricTable(
                title=", ".join(metric.MEASURES[name]["label"] for name in group) if not together else "",
                notes=(
                    *_notes(
                        [metric.MEASURES[name] for name in group], any(row["candidate"] == "oracle" for row in rows)
                    ),
                    *undefined(rows, {name: metric.MEASURES[name] for name in group}),
                ),
                header=_header([column for name in group for column in columns[name]], metric),
                lines=_value_lines(
                    rows, costs, [column for name in group for column in columns[name]], metric, contenders
                ),
            )
            for group in groups
        ),
    ]


def _verdict_tables(rows: Sequence[Row], costs: Sequence[Row], metric: ModuleType) -> list[MetricTable]:
    """What a metric concludes from all forget sets together, which comes before its values; nothing of most."""
    verdicts: Mapping[str, str] = getattr(metric, "VERDICTS", {})
    if all(row[name] is None for row in rows for name in verdicts):
        return []
    found = {(row["candidate"], row["epoch"]): row for row in rows}

    def cells(key: Key) -> tuple[Cell, ...]:
        values = (found[key][name] for name in verdicts)
        return tuple(Cell(value if isinstance(value, str) else shown(value)) for value in values)

    header = (tuple((heading, 1) for heading in verdicts.values()),)
    return [
        MetricTable("Verdict", ("from all forget sets of a candidate together",), header, _lines(rows, costs, cells))
    ]


def _notes(measures: Sequence[Row], has_oracles: bool) -> tuple[str, ...]:
    """Labels with unit and direction, those that share both in one note."""
    arrows = ARROWS if has_oracles else {**ARROWS, "match": "no target without oracles"}
    labels: dict[str, list[str]] = {}
    for declared in measures:
        labels.setdefault(f"[{declared['unit']}], {arrows[declared['direction']]}", []).append(declared["label"])
    return tuple(f"{', '.join(names)} {kind}" for kind, names in labels.items())


def _header(columns: Sequence[Column], metric: ModuleType) -> tuple[tuple[tuple[str, int], ...], ...]:
    """Header rows from measure to statistic; what is the same in all columns is left to the title."""
    # remarks in parentheses are left to the note below the table
    names = {name: declared["label"].split(" (")[0] for name, declared in metric.MEASURES.items()} | STATISTICS
    header = []
    for depth in range(1, len(Column._fields) + 1):
        level = [column[:depth] for column in columns]
        if len({key[-1] for key in level}) > 1:
            spans = [(key[-1], len(list(group))) for key, group in itertools.groupby(level)]
            header.append(tuple((names.get(text, text), span) for text, span in spans))
    return tuple(header) or (((STATISTICS[columns[0].statistic], 1),),)


def _value_lines(
    rows: Sequence[Row],
    costs: Sequence[Row],
    columns: Sequence[Column],
    metric: ModuleType,
    contenders: Collection[str],
) -> tuple[Line, ...]:
    values = {(row["candidate"], row["epoch"], row["measure"], row["split"]): row for row in rows}
    best = {column: _best(rows, column, metric.MEASURES[column.measure], contenders) for column in columns}

    def cells(key: Key) -> tuple[Cell, ...]:
        return tuple(
            _cell(values[*key, column.measure, column.split], column, metric, key == best[column]) for column in columns
        )

    return _lines(rows, costs, cells)


def _lines(rows: Sequence[Row], costs: Sequence[Row], cells: Callable[[Key], tuple[Cell, ...]]) -> tuple[Line, ...]:
    """A line per candidate and epoch, with the cells that it has."""
    of_key: dict[Key, Row] = {}
    for row in rows:
        of_key.setdefault((row["candidate"], row["epoch"]), row)
    cost = {(row["candidate"], row["epoch"]): row for row in costs}
    lines = []
    # what all others are read against comes first
    for key in sorted(of_key, key=lambda key: key[0] != "oracle"):
        first, took = of_key[key], cost.get(key, {"relative_passes": None, "relative_seconds": None})
        oracles = "" if first["n_oracles"] is None else f" / {first['n_oracles']}"
        lines.append(
            Line(
                candidate=key[0],
                kind=key[0] if key[0] in REFERENCE_CANDIDATES else "variant",
                epoch=key[1],
                compared=f"{first['n_models']}{oracles}",
                passes=shown(took["relative_passes"]),
                seconds=shown(took["relative_seconds"]),
                cells=() if first["n_failed"] else cells(key),
                failure=failure(first),
            )
        )
    return tuple(lines)


def _cell(row: Row, column: Column, metric: ModuleType, best: bool) -> Cell:
    value, (low, high) = row.get(column.statistic), interval_of(row, column.statistic)
    if value is None:
        return Cell("")
    declared = metric.MEASURES[column.measure]
    if word := named_values(declared["unit"]).get(value):
        return Cell(word, best=best)
    bounded = declared["high"] is not None
    digits, dash = (3 if bounded else 2), ("–" if low is None or low >= 0 else " to ")
    interval = "" if low is None or high is None else f"{shown(low, f'.{digits}f')}{dash}{shown(high, f'.{digits}f')}"
    return Cell(shown(value) if bounded else number(value), interval, best)


def _best(rows: Sequence[Row], column: Column, declared: Row, contenders: Collection[str]) -> tuple[str, int] | None:
    """The (candidate, epoch) whose value is the best of a column; None if several tie."""
    of_column = [row for row in rows if row["measure"] == column.measure and row["split"] == column.split]
    target = next((row[column.statistic] for row in of_column if row["candidate"] == "oracle"), None)
    if declared["direction"] == "match" and target is None:
        return None
    ranked = {
        (row["candidate"], row["epoch"]): _badness(row[column.statistic], declared["direction"], target)
        for row in of_column
        if row["candidate"] in contenders and row[column.statistic] is not None
    }
    first = [key for key, badness in ranked.items() if badness == min(ranked.values())]
    return first[0] if len(first) == 1 else None


def _badness(value: float, direction: str, target: float | None) -> float:
    if direction == "match":
        return abs(value - target) if target is not None else 0.0
    return value if direction == "lower" else -value
