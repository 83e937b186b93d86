"""The tables of a paper: a metric on a forget set, and what the variants cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from unlearnkit.paper.latex import Table, code, escape
from unlearnkit.paper.material import Material, Row
from unlearnkit.report.answer import shows_differences
from unlearnkit.report.markup import setting
from unlearnkit.report.numbers import between, named_values, shown
from unlearnkit.report.tables import STATISTICS, failure, interval_of, is_single
from unlearnkit.report.words import shown_epoch

DIRECTIONS = {"lower": "lower is better", "higher": "higher is better", "match": "best where the oracles are"}
AT_FLOOR = "$^{\\dagger}$"
"""Marks ranked variants that cannot be distinguished from the oracles; others are not tested."""
NOT_DISTINGUISHED = r"Of ranked variants, not distinguished from the oracles (5\,\%, Benjamini--Hochberg)."
COSTS = {
    "rel.\\ passes": ("relative_passes", ".3f"),
    "RTE, passes": ("rte_passes", ".2f"),
    "seconds": ("seconds", ".4f"),
    "rel.\\ seconds": ("relative_seconds", ".3f"),
    "peak MB": ("peak_memory_mb", ".0f"),
}
"""Column -> key and format of its values."""


def metric_tables(material: Material) -> dict[str, Table]:
    """Return name -> table of every metric on every forget set, or pool, that is shown."""
    found = {}
    for metric, rows in material.tables.items():
        for name in material.shown:
            if of_set := [row for row in rows if row["forget_set"] == name]:
                found[f"{metric}_{name}"] = _metric_table(material, metric, name, of_set)
    return found


def cost_tables(material: Material) -> dict[str, Table]:
    """Return name -> table of what the variants cost on every forget set that is shown."""
    return {
        f"cost_{name}": _cost_table(material, name, of_set)
        for name in material.shown
        if (of_set := [row for row in material.costs if row["forget_set"] == name])
    }


def stated(material: Material, metric: str) -> str:
    """Return what a metric states beside its settings, such as who judged, as LaTeX after a space; "" for nothing."""
    facts = material.present.graph.experiment.stated(metric).get("stated", {})
    known = {name.replace("_", " ").capitalize(): setting(value) for name, value in facts.items() if value is not None}
    return "".join(f" {escape(name)}: {escape(value)}." for name, value in known.items())


def _metric_table(material: Material, metric: str, forget_set: str, rows: Sequence[Row]) -> Table:
    declared = material.metric(metric)
    headline = declared.MEASURES[declared.HEADLINE]
    headlines = [row for row in rows if row["measure"] == declared.HEADLINE]
    splits = [split for split in headline["splits"] if any(row["split"] == split for row in headlines)]
    bold, why = leaders(material.board, metric)
    at_floor = _at_floor(material.board, metric, forget_set)
    last = {row["candidate"]: row["epoch"] for row in sorted(headlines, key=lambda row: row["epoch"])}
    values = {(row["candidate"], row["epoch"], row["split"]): row for row in headlines}

    def line(candidate: str, epoch: int) -> list[str]:
        first = next(row for row in headlines if (row["candidate"], row["epoch"]) == (candidate, epoch))
        is_last = epoch == last[candidate]
        return [
            _name(candidate, bold=is_last and candidate in bold, mark=is_last and candidate in at_floor),
            shown_epoch(candidate, epoch, material.words),
            str(first["n_models"]) + ("" if first["n_oracles"] is None else f"/{first['n_oracles']}"),
            shown(first["relative_passes"]),
            *(_value(values.get((candidate, epoch, split)), declared.STATISTIC, headline) for split in splits),
        ]

    pairs = list(dict.fromkeys((row["candidate"], row["epoch"]) for row in headlines))
    over = "samples" if is_single(headlines) else "models"
    caption = (
        f"{escape(headline['label'])} on {code(forget_set)} [{escape(headline['unit'])}], "
        f"{DIRECTIONS[headline['direction']]}: {STATISTICS[declared.STATISTIC]}, 95\\,\\% interval over {over}. "
        f"$N$: models compared, with as many oracles where a number follows.{stated(material, metric)} {why}"
        + (f" {AT_FLOOR}{NOT_DISTINGUISHED}" if at_floor else "")
    )
    header = ["variant", material.words.epoch, "$N$", "rel.\\ passes", *map(escape, splits)]
    return Table(f"{metric}-{forget_set}", caption, header, _grouped(material, pairs, line))


def _cost_table(material: Material, forget_set: str, rows: Sequence[Row]) -> Table:
    def line(candidate: str, epoch: int) -> list[str]:
        row = next(row for row in rows if (row["candidate"], row["epoch"]) == (candidate, epoch))
        return [
            _name(candidate),
            shown_epoch(candidate, epoch, material.words),
            *(shown(row[key], form) for key, form in COSTS.values()),
        ]

    caption = (
        f"Cost on {code(forget_set)} per model. Relative values are divided by those of retraining; RTE is their "
        "inverse. Peak memory is that of a whole job."
    )
    pairs = list(dict.fromkeys((row["candidate"], row["epoch"]) for row in rows))
    header = ["variant", material.words.epoch, *COSTS]
    return Table(f"cost-{forget_set}", caption, header, _grouped(material, pairs, line))


def _grouped(material: Material, pairs: Sequence[tuple[str, int]], line: Any) -> list[list[list[str]]]:
    groups = material.groups(list(dict.fromkeys(candidate for candidate, _ in pairs)))
    return [[line(*pair) for name in names for pair in pairs if pair[0] == name] for names in groups.values()]


def leaders(board: Mapping[str, Any], metric: str) -> tuple[set[str], str]:
    """Return the variants that the ranking of a metric cannot distinguish from its best, and a sentence on it.

    A variant that is ranked alone leads nothing. Where Friedman's test shows differences, they are those within the
    critical difference of the best mean rank. Where it shows none, nothing is better than anything; where it cannot be
    made, the first by mean distance is alone.
    """
    ranking = next((listed for listed in board["rankings"] if listed["of"] == metric), None)
    if ranking is None:
        return set(), f"Not ranked: {escape(board['metrics_left_out'].get(metric, 'nothing is'))}."
    if len(ranking["entries"]) == 1:
        return set(), "One variant is ranked, so none is bold."
    first = {entry["method"] for entry in ranking["entries"] if entry["rank"] == 1}
    if ranking["friedman"] is None:
        return first, "Bold: the least mean distance over forget sets; no test was possible."
    if not shows_differences(ranking):
        return set(), "Friedman's test over forget sets shows no difference between ranked variants, so none is bold."
    if ranking["critical_difference"] is None:
        return first, "Bold: the least mean distance over forget sets."
    like = {entry["method"] for entry in ranking["entries"] if entry["like_the_best"]}
    return first | like, "Bold: first over forget sets, or not distinguished from it (Friedman and Nemenyi, 5\\,\\%)."


def _at_floor(board: Mapping[str, Any], metric: str, forget_set: str) -> set[str]:
    def cells() -> Iterator[Mapping[str, Any]]:
        yield from (c for c in board["cells"] if (c["metric"], c["forget_set"]) == (metric, forget_set))

    level = board["rule"]["level"]
    return {c["method"] for c in cells() if (p := c["floor_p_corrected"]) is not None and p >= level}


def _name(candidate: str, *, bold: bool = False, mark: bool = False) -> str:
    name = "oracle (floor)" if candidate == "oracle" else candidate
    return (f"\\textbf{{{escape(name)}}}" if bold else escape(name)) + (AT_FLOOR if mark else "")


def _value(row: Row | None, statistic: str, headline: Mapping[str, Any]) -> str:
    if row is None:
        return ""
    if failed := failure(row):
        return escape(failed)
    if word := named_values(headline["unit"]).get(row[statistic]):
        return escape(word)
    digits = 2 if headline["high"] is None else 3
    interval = between(*interval_of(row, statistic), digits)
    return shown(row[statistic], f".{digits}f") + (f" {{\\scriptsize {interval}}}" if interval else "")
