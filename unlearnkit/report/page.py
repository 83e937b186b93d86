"""The page of an experiment: one static HTML file that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any

from markupsafe import Markup

from unlearnkit.metrics.population import OPTIONAL, SPLITS
from unlearnkit.registry import POOLS, scored_on
from unlearnkit.report.about import about_methods, about_metrics
from unlearnkit.report.markup import inline, part, policy, templates
from unlearnkit.report.opening import opening
from unlearnkit.report.origins import environment, job_rows
from unlearnkit.report.passive import require_passive
from unlearnkit.report.shown import Picture, Results
from unlearnkit.report.tables import STATISTICS
from unlearnkit.report.views import ARROWS, MetricTable, metric_tables
from unlearnkit.report.words import Words, shown_epoch, words_of

Row = dict[str, Any]


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
    costs: Sequence[Row]


def page(settings: Mapping[str, Any], metrics: Mapping[str, ModuleType], results: Results) -> str:
    """Return the page as HTML: the same settings and results give the same text.

    `settings` is ReportGraph.report_slice(), `metrics` metric -> what its module declares. Every text from
    configuration or records is escaped. Raises ArtifactError if a figure holds more than shapes and text.
    """
    sections = [_section(name, settings, metrics, results) for name in settings["forget_sets"]]
    on_pools = {name: results.tables[name] for name, metric in metrics.items() if scored_on(metric) == POOLS}
    scored = dict.fromkeys(row["forget_set"] for rows in on_pools.values() for row in rows)
    pools = [_pool_section(name, settings["pools"][name], metrics, on_pools, results) for name in scored]
    sizes = [own.samples["forget"] for own in sections if "forget" in own.samples]
    script, template = part("page.js"), templates().get_template("page.html")
    return template.render(
        style=Markup(part("page.css")),
        script=Markup(script),
        policy=policy(script),
        settings=settings,
        words=words_of(settings),
        has_oracles=settings.get("limits", {}).get("oracles", True),
        retrained=any(row["candidate"] == "oracle" for row in results.costs),
        given=[(record["settings"]["role"], own) for record in results.records for own in record.get("sources", ())],
        shown_epoch=shown_epoch,
        statistics=STATISTICS,
        arrows=ARROWS,
        sections=sections,
        pools=pools,
        splits=[name for name in SPLITS if name not in OPTIONAL or any(name in own.samples for own in sections)],
        explorers=results.explorers,
        jobs=job_rows(results.records),
        environment=environment(results.records),
        files=results.files,
        on_request=results.on_request,
        last=max((record["started"] for record in results.records), default=""),
        **opening(settings, metrics, results, sizes),
        **_about(settings, metrics, results, sections, pools),
    )


def _about(
    settings: Mapping[str, Any],
    metrics: Mapping[str, ModuleType],
    results: Results,
    sections: Sequence[ForgetSetSection],
    pools: Sequence[ForgetSetSection],
) -> dict[str, Any]:
    """What the page says of methods and metrics, and name -> id on the page of everything that is linked."""
    anchors = {own.name: f"forget-set-{order}" for order, own in enumerate(sections, 1)}
    anchors |= {own.name: f"pool-{order}" for order, own in enumerate(pools, 1)}
    places = {
        name: {own.name: f"{anchors[own.name]}-{name}" for own in (*sections, *pools) if name in own.metrics}
        for name in metrics
    }
    methods = about_methods(settings["variants"], results.documented.get("method", {}), results.board)
    return {
        "methods": methods,
        "metrics_shown": about_metrics(metrics, results.documented.get("metric", {}), places),
        "anchors": anchors,
        "method_anchors": {own.name: f"method-{order}" for order, own in enumerate(methods, 1)},
        "metric_anchors": {name: f"metric-{order}" for order, name in enumerate(metrics, 1)},
    }


def _pool_section(
    name: str,
    settings: Mapping[str, Any],
    metrics: Mapping[str, ModuleType],
    tables: Mapping[str, Sequence[Row]],
    results: Results,
) -> ForgetSetSection:
    """All about one pool: tables of metrics that are scored on pools. Costs and figures are those of forget sets."""
    rows = {metric: [row for row in table if row["forget_set"] == name] for metric, table in tables.items()}
    shown = {
        metric: (metrics[metric], metric_tables(own, [], metrics[metric], results.contenders))
        for metric, own in rows.items()
    }
    sizes = {row["split"]: row["n_samples"] for own in rows.values() for row in own}
    return ForgetSetSection(name, settings, sizes, {}, shown, {}, [])


def _section(
    name: str, settings: Mapping[str, Any], metrics: Mapping[str, ModuleType], results: Results
) -> ForgetSetSection:
    number_of_set = list(settings["forget_sets"]).index(name)
    costs = [row for row in results.costs if row["forget_set"] == name]
    rows = {metric: [row for row in table if row["forget_set"] == name] for metric, table in results.tables.items()}
    rows = {metric: own for metric, own in rows.items() if scored_on(metrics[metric]) != POOLS}
    sizes = {row["split"]: row["n_samples"] for table in rows.values() for row in table}
    pictures: dict[str, list[Picture]] = {}
    for order, (figure, (metric, kind)) in enumerate(results.kinds.items()):
        alt = _alt(name, metrics.get(metric), kind, words_of(settings))
        svg = require_passive(results.figures[name, figure], f"{name}/{figure}.svg")
        drawn = inline(svg, f"f{number_of_set}-{order}", alt)
        pictures.setdefault(metric, []).append(Picture(kind, drawn, alt))
    tables = {
        metric: (metrics[metric], metric_tables(table, costs, metrics[metric], results.contenders))
        for metric, table in rows.items()
    }
    copies = next((record.get("copies", {}) for record in results.records if _is_of_forget_set(record, name)), {})
    found = {split: count for split, count in copies.items() if count}
    return ForgetSetSection(name, settings["forget_sets"][name], sizes, found, tables, pictures, costs)


def _is_of_forget_set(record: Row, name: str) -> bool:
    return record["rule"] == "forget_set" and PurePosixPath(record["artifact"]).stem == name


def _alt(forget_set: str, metric: ModuleType | None, kind: str, words: Words) -> str:
    if kind == "curves":
        return f"Training losses of originals and of the oracles of {forget_set} against tokens seen."
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
