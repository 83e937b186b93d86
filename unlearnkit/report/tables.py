"""Tables of a metric over all forget sets and candidates: summaries joined with noise floors and costs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

from unlearnkit.registry import POOLS, scored_on
from unlearnkit.report.numbers import between, named_values, shown
from unlearnkit.report.words import IMAGES, Words, shown_epoch

Row = dict[str, Any]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARKUP = str.maketrans({"|": r"\|", "<": "&lt;", ">": "&gt;", "&": "&amp;"})
KEY = ("forget_set", "candidate", "epoch")
STATISTICS = {"p95": "P95", "mean": "mean"}
"""Statistics that tables and figures show, and what they are called there."""
SPELLED = STATISTICS | {"p95": "95th percentile (P95)"}
"""What they are called in sentences."""
_COSTS = {
    "relative passes": ("relative_passes", ".3f"),
    "RTE, passes": ("rte_passes", ".2f"),
    "seconds": ("seconds", ".4f"),
    "relative seconds": ("relative_seconds", ".3f"),
    "RTE, seconds": ("rte_seconds", ".2f"),
    "stack": ("stack_size", "d"),
    "peak MB": ("peak_memory_mb", ".0f"),
    "GPU MB": ("gpu_memory_mb", ".0f"),
}
"""Column of the cost table -> key and format of its values."""


def metric_rows(summaries: Sequence[Row], costs: Sequence[Row], *, has_floor: bool) -> list[Row]:
    """Return the summary rows of one metric, joined with `relative_passes` and, if `has_floor`, the noise floor.

    The floor of a row is the value of candidate "oracle" (oracles against as many other oracles) for the same forget
    set, measure and split. `relative_passes` is None for candidates that no method made.
    """
    cost = {tuple(row[name] for name in KEY): row["relative_passes"] for row in costs if row["candidate"] != "oracle"}
    floor = {
        (row["forget_set"], row["measure"], row["split"]): row for row in summaries if row["candidate"] == "oracle"
    }
    joined = []
    for row in summaries:
        line = {**row, "relative_passes": cost.get(tuple(row[name] for name in KEY))}
        if has_floor:
            reference = floor[row["forget_set"], row["measure"], row["split"]]
            line |= {"floor_mean": reference["mean"], "floor_p95": reference["p95"]}
        joined.append(line)
    return joined


def floor_lines(rows: Sequence[Row], metric: ModuleType, words: Words = IMAGES) -> list[str]:
    """Return a line per forget set: the headline measure on forget samples, of the noise floor and of the originals.

    `rows` are those of `metric_rows`; a metric without a floor has no lines. The floor compares oracles with as many
    other oracles, so below it no candidate can be distinguished from an oracle.
    """
    lines = []
    for row in rows:
        headline = (row["candidate"], row["measure"], row["split"]) == ("original", metric.HEADLINE, "forget")
        if not headline or "floor_p95" not in row:
            continue
        floor = _mean_and_p95(row["floor_mean"], row["floor_p95"])
        originals = failure(row) or _mean_and_p95(row["mean"], row["p95"])
        lines.append(
            f"{row['forget_set']}: {metric.HEADLINE} of {row['n_samples']} forget {words.samples} "
            f"[{metric.MEASURES[metric.HEADLINE]['unit']}]: "
            f"floor (oracles against other oracles) {floor}; originals {originals}"
        )
    return lines


def to_csv(rows: Sequence[Row], columns: Sequence[str] = ()) -> str:
    """Return rows as CSV with a header, `columns` or those of the first row; missing values are empty.

    A text that a spreadsheet would run as a formula is preceded by an apostrophe.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(columns or rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
    return stream.getvalue()


def cost_markdown(rows: Sequence[Row], words: Words = IMAGES) -> str:
    """Return the cost table as Markdown."""
    header = ["forget set", "candidate", words.epoch, f"{words.sample} passes", *_COSTS]
    cells = [
        [
            row["forget_set"],
            row["candidate"],
            shown_epoch(row["candidate"], row["epoch"], words),
            shown(row["passes"], ".0f"),
            *(shown(row[name], form) for name, form in _COSTS.values()),
        ]
        for row in rows
    ]
    retrained = any(row["candidate"] == "oracle" for row in rows)
    relative = (
        "divided by those of retraining (candidate `oracle`)" if retrained else "empty, since nothing was retrained"
    )
    note = (
        f"Passes and seconds are per model; relative values are {relative}. "
        "RTE, the run-time efficiency, is the inverse: cost of retraining / cost of the candidate. "
        "Seconds depend on the machine, passes do not; relative seconds are empty where stack size, device or threads "
        "differ. MB: peak of a whole job."
    )
    return f"{note}\n\n{markdown(header, cells)}"


def metric_markdown(
    rows: Sequence[Row], metric: ModuleType, words: Words = IMAGES, options: Mapping[str, Any] | None = None
) -> str:
    """Return one Markdown table per forget set or pool: a line per candidate and epoch, a column per measure and split.

    Cells hold the statistic of `metric` ("p95" or "mean") with its 95 % interval over models. The note above the tables
    states the metric's `options`, its settings with defaults written out.
    """
    what = "Pool" if scored_on(metric) == POOLS else "Forget set"
    partial, parts = getattr(metric, "PARTIAL", False), []
    for forget_set in dict.fromkeys(row["forget_set"] for row in rows):
        of_set = [row for row in rows if row["forget_set"] == forget_set]
        shown_rows = [row for row in of_set if row["mean"] is not None or row["n_failed"]] if partial else of_set
        columns = list(dict.fromkeys((row["measure"], row["split"]) for row in shown_rows))
        shared = ("candidate", words.epoch, "N", "relative passes", *_verdicts(metric).values())
        lines = [
            _line(of_set, key, columns, metric, words)
            for key in dict.fromkeys((row["candidate"], row["epoch"]) for row in of_set)
        ]
        header = [*shared, *map(" ".join, columns)]
        parts.append(f"### {what} `{_no_markup(forget_set)}`\n\n{markdown(header, lines)}")
    listed = ", ".join(
        f"`{name}` [{measure['unit']}, {measure['direction']}]" for name, measure in metric.MEASURES.items()
    )
    over = "samples" if is_single(rows) else "models"
    note = f"{metric.STATISTIC} with its 95 % interval over {over}; headline `{metric.HEADLINE}`. Measures: {listed}."
    note += "".join(f" {text}." for text in undefined(rows, metric.MEASURES))
    if options:
        stated = ", ".join(f"{name}={json.dumps(value)}" for name, value in options.items())
        note += f" Options: {_no_markup(stated)}."
    return note + "\n\n" + "\n".join(parts)


def markdown(header: Sequence[str], lines: Sequence[Sequence[Any]]) -> str:
    """Return a Markdown table."""
    rows = [header, ["---"] * len(header), *lines]
    return "".join("| " + " | ".join(_no_markup(str(cell)) for cell in row) + " |\n" for row in rows)


def failure(row: Mapping[str, Any]) -> str:
    """Return how many models of a row failed, for which there are no statistics; nothing if none did."""
    return f"{row['n_failed']} of {row['n_models']} models failed" if row["n_failed"] else ""


def undefined(rows: Iterable[Mapping[str, Any]], measures: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each of some measures that has no value although no model failed, with the reason."""
    empty = {row["measure"] for row in rows if row["mean"] is None and not row["n_failed"]}
    return [
        f"{declared['label']} is empty {declared.get('undefined', 'where it is not defined')}"
        for name, declared in measures.items()
        if name in empty
    ]


def is_single(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether all rows are about a single model, for which there is no interval over models."""
    return all(row["n_models"] == 1 for row in rows)


def interval_of(row: Mapping[str, Any], statistic: str) -> tuple[float | None, float | None]:
    """Return the 95 % interval of a statistic: over models, or over samples if there is one model; None where none."""
    over = "" if row["n_models"] == 1 else "models_"
    return row.get(f"{statistic}_{over}low"), row.get(f"{statistic}_{over}high")


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value + 0.0  # a negative zero loses its sign
    if not isinstance(value, str):
        return value
    # the csv module does not quote a lone carriage return, which readers take for the end of a line
    return ("'" if value.startswith(_FORMULA) else "") + value.replace("\r", " ")


def _no_markup(cell: str) -> str:
    """Return a text with everything escaped that would end its cell or be read as HTML."""
    return " ".join(cell.split()).translate(_MARKUP) if cell else cell


def _line(
    rows: Sequence[Row],
    key: tuple[str, int],
    columns: Sequence[tuple[str, str]],
    metric: ModuleType,
    words: Words,
) -> list[str]:
    by_column = {(row["measure"], row["split"]): row for row in rows if (row["candidate"], row["epoch"]) == key}
    first = next(iter(by_column.values()))
    compared = f"{first['n_models']}" if first["n_oracles"] is None else f"{first['n_models']}/{first['n_oracles']}"
    cells = (_cell(by_column.get(column), metric.STATISTIC, metric.MEASURES[column[0]]) for column in columns)
    found = (value if isinstance(value := first[name], str) else shown(value) for name in _verdicts(metric))
    return [key[0], shown_epoch(*key, words), compared, shown(first["relative_passes"]), *found, *cells]


def _verdicts(metric: ModuleType) -> Mapping[str, str]:
    """Column that `conclude` of a metric adds -> its heading."""
    return getattr(metric, "VERDICTS", {})


def _mean_and_p95(mean: float | None, p95: float | None) -> str:
    both = (shown(value) or "undefined" for value in (mean, p95))
    return "mean {}, p95 {}".format(*both)


def _cell(row: Row | None, statistic: str, declared: Mapping[str, Any]) -> str:
    if row is None:
        return ""
    if failed := failure(row):
        return failed
    if word := named_values(declared["unit"]).get(row[statistic]):
        return word
    digits = 2 if declared["high"] is None else 3  # fractions differ in the third
    return f"{shown(row[statistic])} {between(*interval_of(row, statistic), digits)}".strip()
