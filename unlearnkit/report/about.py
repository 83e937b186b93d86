"""What the report says about every method and every metric: what it is, what it was given, where it wins and fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from unlearnkit.ranking.significance import LEVEL
from unlearnkit.report.model_counts import Counts
from unlearnkit.report.numbers import number
from unlearnkit.report.shown import Results, Row
from unlearnkit.report.tables import STATISTICS

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Standing:
    """Where a variant stands by a metric on a forget set: its rank as text and `order`, and its distance to the ideal.

    `mark` is "best" or "worst" of those that are ranked, `at_floor` if it cannot be distinguished from the oracles.
    """

    text: str
    order: float
    distance: str
    mark: str
    at_floor: bool


@dataclass(frozen=True)
class AboutMethod:
    """A method: what its docstrings say, formulas indented, its module, its variants, and why it is not ranked.

    `places` are sentences on where its variants rank; `standings` (variant, metric) -> forget set -> standing; `costs`
    rows of report.cost.cost_rows of its variants, and of retraining; `rank` the best overall rank of its variants.
    """

    name: str
    paragraphs: Sequence[str]
    module: str
    variants: Mapping[str, Any]
    places: Sequence[str]
    note: str
    standings: Mapping[tuple[str, str], Mapping[str, Standing]]
    costs: Sequence[Row]
    rank: int | None


@dataclass(frozen=True)
class AboutMetric:
    """A metric: what its docstrings say, formulas indented, its module and measures, and the ranking by it, if any.

    `left_out` why nothing is ranked by it, `counts` its values against the number of models.
    """

    name: str
    paragraphs: Sequence[str]
    module: str
    measures: Mapping[str, Any]
    headline: str
    statistic: str
    declared: ModuleType
    ranking: Document | None
    left_out: str
    counts: Counts


def about_methods(variants: Mapping[str, Any], results: Results) -> list[AboutMethod]:
    """Return all methods in the order of their first variants."""
    board, documented = results.board, results.documented.get("method", {})
    overall = {entry["method"]: entry["rank"] for ranking in board["rankings"][:1] for entry in ranking["entries"]}
    found = []
    for method in dict.fromkeys(variant["method"] for variant in variants.values()):
        of_method = {name: variant for name, variant in variants.items() if variant["method"] == method}
        found.append(
            AboutMethod(
                method,
                documented.get(method, ()),
                results.modules.get("method", {}).get(method, ""),
                of_method,
                [text for name in of_method for text in places_of(name, board)],
                "; ".join(dict.fromkeys(board["outside"][name] for name in of_method if name in board["outside"])),
                standings(of_method, board),
                [row for row in results.costs if row["candidate"] in of_method or row["candidate"] == "oracle"],
                min((overall[name] for name in of_method if name in overall), default=None),
            )
        )
    return found


def about_metrics(metrics: Mapping[str, ModuleType], results: Results) -> list[AboutMetric]:
    """Return all metrics, in the order of the configuration."""
    board, documented = results.board, results.documented.get("metric", {})
    rankings = {ranking["of"]: ranking for ranking in board["rankings"][1:]}
    return [
        AboutMetric(
            name,
            documented.get(name, ()),
            results.modules.get("metric", {}).get(name, ""),
            metric.MEASURES,
            metric.HEADLINE,
            STATISTICS[metric.STATISTIC],
            metric,
            rankings.get(name),
            board["metrics_left_out"].get(name, ""),
            results.counts[name],
        )
        for name, metric in metrics.items()
    ]


def standings(variants: Mapping[str, Any], board: Document) -> dict[tuple[str, str], dict[str, Standing]]:
    """Return (variant, metric) -> forget set -> where it stands among all that are ranked there."""
    there: dict[tuple[str, str], list[Document]] = {}
    for cell in board["cells"]:
        there.setdefault((cell["metric"], cell["forget_set"]), []).append(cell)
    found: dict[tuple[str, str], dict[str, Standing]] = {}
    for (metric, forget_set), cells in there.items():
        for cell in cells:
            if cell["method"] in variants:
                found.setdefault((cell["method"], metric), {})[forget_set] = _standing(cell, cells)
    return found


def places_of(variant: str, board: Document) -> list[str]:
    """Return where a variant does best and worst: the forget sets and metrics with its lowest and highest rank."""
    cells = [cell for cell in board["cells"] if cell["method"] == variant]
    if not cells:
        return []
    best, worst = (key(cells, key=lambda cell: cell["rank"]) for key in (min, max))
    if best["rank"] == worst["rank"]:
        return [f"{variant} has rank {best['rank']:g} everywhere."]
    ends = ((best, "best"), (worst, "worst"))
    texts = (f"{word} on {cell['forget_set']} by {cell['metric']} (rank {cell['rank']:g})" for cell, word in ends)
    return [f"{variant}: {', '.join(texts)}."]


def _standing(cell: Document, cells: Sequence[Document]) -> Standing:
    ranks = [other["rank"] for other in cells]
    ends = {min(ranks): "best", max(ranks): "worst"} if min(ranks) < max(ranks) else {}
    p = cell["floor_p_corrected"]
    return Standing(
        f"{cell['rank']:g} of {len(cells)}",
        cell["rank"],
        number(cell["distance"]),
        ends.get(cell["rank"], ""),
        p is not None and p >= LEVEL,
    )
