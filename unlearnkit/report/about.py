"""What the page says about every method and every metric: what it is, what it was given, where it wins and fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from unlearnkit.report.numbers import number
from unlearnkit.report.tables import STATISTICS

Document = Mapping[str, Any]


@dataclass(frozen=True)
class AboutMethod:
    """A method: paragraphs of its docstring, its variants, sentences on where they rank, why it is not ranked."""

    name: str
    paragraphs: Sequence[str]
    variants: Mapping[str, Any]
    places: Sequence[str]
    note: str


@dataclass(frozen=True)
class AboutMetric:
    """A metric: paragraphs of its docstring, its measures, and forget set or pool -> id of its tables there."""

    name: str
    paragraphs: Sequence[str]
    measures: Mapping[str, Any]
    headline: str
    statistic: str
    tables: Mapping[str, str] = field(default_factory=dict)


def about_methods(
    variants: Mapping[str, Any], documented: Mapping[str, Sequence[str]], board: Document
) -> list[AboutMethod]:
    """Return all methods in the order of their first variants; `documented` method -> paragraphs."""
    names = dict.fromkeys(variant["method"] for variant in variants.values())
    found = []
    for method in names:
        own = {name: variant for name, variant in variants.items() if variant["method"] == method}
        places = [text for name in own for text in places_of(name, board)]
        note = "; ".join(dict.fromkeys(board["outside"][name] for name in own if name in board["outside"]))
        found.append(AboutMethod(method, documented.get(method, ()), own, places, note))
    return found


def about_metrics(
    metrics: Mapping[str, ModuleType], documented: Mapping[str, Sequence[str]], tables: Mapping[str, Mapping[str, str]]
) -> list[AboutMetric]:
    """Return all metrics; `documented` metric -> paragraphs, `tables` metric -> forget set -> id on the page."""
    return [
        AboutMetric(
            name,
            documented.get(name, ()),
            metric.MEASURES,
            metric.HEADLINE,
            STATISTICS[metric.STATISTIC],
            tables.get(name, {}),
        )
        for name, metric in metrics.items()
    ]


def places_of(variant: str, board: Document) -> list[str]:
    """Return where a variant does best and worst: the forget sets and metrics with its lowest and highest rank."""
    own = [cell for cell in board["cells"] if cell["method"] == variant]
    if not own:
        return []
    best, worst = (key(own, key=lambda cell: cell["rank"]) for key in (min, max))
    if best["rank"] == worst["rank"]:
        return [f"{variant} has rank {number(best['rank'], 2)} everywhere."]
    ends = ((best, "best"), (worst, "worst"))
    texts = (
        f"{word} on {cell['forget_set']} by {cell['metric']} (rank {number(cell['rank'], 2)})" for cell, word in ends
    )
    return [f"{variant}: {', '.join(texts)}."]
