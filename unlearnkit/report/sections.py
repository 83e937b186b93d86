"""All that a page says about one forget set, or about one pool: its tables, figures and copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any

from unlearnkit.registry import POOLS, scored_on
from unlearnkit.report.markup import inline
from unlearnkit.report.passive import require_passive
from unlearnkit.report.shown import Picture, Results, Row
from unlearnkit.report.tables import STATISTICS
from unlearnkit.report.views import MetricTable, metric_tables
from unlearnkit.report.words import Words, words_of


@dataclass(frozen=True)
class ForgetSetSection:
    """All about one forget set.

    `samples` split -> number of samples; `copies` split -> forgotten samples with an exact copy there; `metrics` metric
    -> what its module declares and its tables; `pictures` metric -> its figures, "" -> those of no metric.
    """

    name: str
    settings: Mapping[str, Any]
    samples: Mapping[str, int]
    copies: Mapping[str, int]
    metrics: Mapping[str, tuple[ModuleType, Sequence[MetricTable]]]
    pictures: Mapping[str, Sequence[Picture]]


def section_of(
    name: str, settings: Mapping[str, Any], metrics: Mapping[str, ModuleType], results: Results
) -> ForgetSetSection:
    """Return all about one forget set; raises ArtifactError if a figure holds more than shapes and text."""
    costs = [row for row in results.costs if row["forget_set"] == name]
    rows = {metric: [row for row in table if row["forget_set"] == name] for metric, table in results.tables.items()}
    rows = {metric: table for metric, table in rows.items() if scored_on(metrics[metric]) != POOLS}
    sizes = {row["split"]: row["n_samples"] for table in rows.values() for row in table}
    pictures: dict[str, list[Picture]] = {}
    for order, (figure, (metric, kind)) in enumerate(results.kinds.items()):
        alt = _alt(name, metrics.get(metric), kind, words_of(settings))
        svg = require_passive(results.figures[name, figure], f"{name}/{figure}.svg")
        drawn = inline(svg, f"figure-{order}", alt)
        pictures.setdefault(metric, []).append(Picture(kind, drawn, alt))
    tables = {
        metric: (metrics[metric], metric_tables(table, costs, metrics[metric], results.contenders))
        for metric, table in rows.items()
    }
    copies = next((record.get("copies", {}) for record in results.records if _is_of_forget_set(record, name)), {})
    found = {split: count for split, count in copies.items() if count}
    return ForgetSetSection(name, settings["forget_sets"][name], sizes, found, tables, pictures)


def pool_section(
    name: str,
    settings: Mapping[str, Any],
    metrics: Mapping[str, ModuleType],
    tables: Mapping[str, Sequence[Row]],
    results: Results,
) -> ForgetSetSection:
    """Return all about one pool: tables of metrics that are scored on pools. Costs and figures are of forget sets."""
    rows = {metric: [row for row in table if row["forget_set"] == name] for metric, table in tables.items()}
    shown = {
        metric: (metrics[metric], metric_tables(table, [], metrics[metric], results.contenders))
        for metric, table in rows.items()
    }
    sizes = {row["split"]: row["n_samples"] for table in rows.values() for row in table}
    return ForgetSetSection(name, settings, sizes, {}, shown, {})


def _is_of_forget_set(record: Row, name: str) -> bool:
    return record["rule"] == "forget_set" and PurePosixPath(record["artifact"]).stem == name


def _alt(forget_set: str, metric: ModuleType | None, kind: str, words: Words) -> str:
    if kind == "curves":
        drawn = "losses and accuracies" if words.epoch == "epoch" else "losses against tokens seen"
        return f"Training {drawn} of originals and of the oracles of {forget_set}."
    if metric is None:
        return (
            f"Histograms of margins of three {words.samples} of {forget_set}: originals, oracles and unlearned models."
        )
    label, statistic = metric.MEASURES[metric.HEADLINE]["label"], STATISTICS[metric.STATISTIC]
    if kind == "trade_off":
        return (
            f"Scatter plot for {forget_set}: {statistic} of {label} on forget {words.samples} against validation "
            f"{words.samples}, a point per candidate and {words.epoch}, coloured by cost. The values are in the table."
        )
    return f"Box plots for {forget_set}: {label} per candidate and split. Statistics are in the table."
