"""The report of an experiment: a front page and one per forget set, method and metric, static files without network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from unlearnkit.layout import FRONT_PAGE, PROVENANCE_PAGE, page_of
from unlearnkit.metrics.population import OPTIONAL, SPLITS
from unlearnkit.registry import POOLS, scored_on
from unlearnkit.report.about import about_methods, about_metrics
from unlearnkit.report.drawers import Drawer, drawers_of
from unlearnkit.report.markup import part, policy, templates
from unlearnkit.report.opening import opening
from unlearnkit.report.origins import environment, job_rows
from unlearnkit.report.sections import ForgetSetSection, pool_section, section_of
from unlearnkit.report.shown import Results
from unlearnkit.report.snapshots import method_curves
from unlearnkit.report.tables import SPELLED, STATISTICS
from unlearnkit.report.views import ARROWS
from unlearnkit.report.words import shown_epoch, words_of


@dataclass(frozen=True)
class Page:
    """A page before it is text: its template, what it is called, its siblings (label -> page), and what it shows."""

    template: str
    title: str
    kind: str
    siblings: Mapping[str, str]
    shown: Mapping[str, Any]


def site(settings: Mapping[str, Any], metrics: Mapping[str, ModuleType], results: Results) -> dict[str, str]:
    """Return page ("index", or the name of a page as `layout.PAGE` has it) -> HTML.

    The same settings and results give the same text. `settings` is ReportGraph.report_slice(), `metrics` metric ->
    what its module declares. Every text from configuration or records is escaped. Raises ArtifactError if a figure
    holds more than shapes and text.
    """
    sections = [section_of(name, settings, metrics, results) for name in settings["forget_sets"]]
    on_pools = {name: results.tables[name] for name, metric in metrics.items() if scored_on(metric) == POOLS}
    scored = dict.fromkeys(row["forget_set"] for rows in on_pools.values() for row in rows)
    pools = [pool_section(name, settings["pools"][name], metrics, on_pools, results) for name in scored]
    drawers = drawers_of(
        results.tables, metrics, settings["variants"], results.records, settings["seed"], results.configuration
    )
    pages = {
        FRONT_PAGE: _front(settings, metrics, results, sections, drawers),
        PROVENANCE_PAGE: _provenance(results),
        **_of_forget_sets("forget_sets", sections, results, drawers),
        **_of_forget_sets("pools", pools, results, drawers),
        **_of_methods(settings, metrics, results),
        **_of_metrics(metrics, results, {"forget_sets": sections, "pools": pools}),
    }
    common = {**_common(settings, results), "sections": sections, "pools": pools}
    return {name: rendered(name, page, common) for name, page in pages.items()}


def rendered(name: str, page: Page, common: Mapping[str, Any]) -> str:
    """Return a page as HTML; links on it lead from the folder that it lies in."""
    root = "../" * name.count("/")
    script = part("page.js")
    return (
        templates()
        .get_template(page.template)
        .render(
            style=Markup(part("page.css")),
            script=Markup(script),
            policy=policy(script),
            root=root,
            link=_links(root),
            current=name,
            title=page.title,
            kind=page.kind,
            siblings=page.siblings,
            **common,
            **page.shown,
        )
    )


def _links(root: str) -> Callable[..., str]:
    """Return what gives the address of a page: of its name, or of the kind and the name of what it is about."""

    def link(name: str, *of: str) -> str:
        return f"{root}{quote(page_of(name, *of) if of else name)}.html"

    return link


def _common(settings: Mapping[str, Any], results: Results) -> dict[str, Any]:
    """What every page may show."""
    return {
        "settings": settings,
        "words": words_of(settings),
        "has_oracles": settings.get("limits", {}).get("oracles", True),
        "retrained": any(row["candidate"] == "oracle" for row in results.costs),
        "shown_epoch": shown_epoch,
        "statistics": STATISTICS,
        "spelled": SPELLED,
        "arrows": ARROWS,
        "environment": environment(results.records),
    }


def _front(
    settings: Mapping[str, Any],
    metrics: Mapping[str, ModuleType],
    results: Results,
    sections: Sequence[ForgetSetSection],
    drawers: Mapping[tuple[str, str], Drawer],
) -> Page:
    sizes = [section.samples["forget"] for section in sections if "forget" in section.samples]
    shown = {
        **opening(settings, metrics, results, sizes, drawers),
        "methods": about_methods(settings["variants"], results),
        "metrics_shown": about_metrics(metrics, results),
        "splits": [
            name for name in SPLITS if name not in OPTIONAL or any(name in section.samples for section in sections)
        ],
    }
    return Page("front.html", settings["experiment"], "", {}, shown)


def _provenance(results: Results) -> Page:
    shown = {
        "given": [
            (record["settings"]["role"], source) for record in results.records for source in record.get("sources", ())
        ],
        "jobs": job_rows(results.records),
        "files": results.files,
        "on_request": results.on_request,
        "configuration": results.configuration,
        "last": max((record["started"] for record in results.records), default=""),
    }
    return Page("provenance.html", "Settings and provenance", "", {}, shown)


def _of_forget_sets(
    kind: str,
    sections: Sequence[ForgetSetSection],
    results: Results,
    drawers: Mapping[tuple[str, str], Drawer],
) -> dict[str, Page]:
    siblings = {section.name: page_of(kind, section.name) for section in sections}
    pages = {}
    for section in sections:
        behind = {key: drawer for key, drawer in drawers.items() if key[0] == section.name}
        explorer = results.explorers.get(section.name)
        shown = {
            "section": section,
            "explorer": None if explorer is None or explorer.untested else explorer,
            "drawers": behind.values(),
            "drawer_ids": {key: drawer.id for key, drawer in behind.items()},
        }
        heading = f"{'Forget set' if kind == 'forget_sets' else 'Pool'} {section.name}"
        pages[siblings[section.name]] = Page("forget_set.html", heading, kind, siblings, shown)
    return pages


def _of_methods(settings: Mapping[str, Any], metrics: Mapping[str, ModuleType], results: Results) -> dict[str, Page]:
    methods = about_methods(settings["variants"], results)
    siblings = {method.name: page_of("methods", method.name) for method in methods}
    pages = {}
    for method in methods:
        shown = {"method": method, "curves": method_curves([*method.variants], metrics, results, words_of(settings))}
        pages[siblings[method.name]] = Page("method.html", f"Method {method.name}", "methods", siblings, shown)
    return pages


def _of_metrics(
    metrics: Mapping[str, ModuleType], results: Results, sections: Mapping[str, Sequence[ForgetSetSection]]
) -> dict[str, Page]:
    siblings = {name: page_of("metrics", name) for name in metrics}
    pages = {}
    for metric in about_metrics(metrics, results):
        tables = [(kind, one.name) for kind, found in sections.items() for one in found if metric.name in one.metrics]
        shown = {"metric": metric, "tables": tables}
        pages[siblings[metric.name]] = Page("metric.html", f"Metric {metric.name}", "metrics", siblings, shown)
    return pages
