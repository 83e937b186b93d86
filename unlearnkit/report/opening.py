"""What the page opens with, before forget sets, methods and metrics each for itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from unlearnkit.report.answer import answer, cannot, question
from unlearnkit.report.certificate import CERTIFICATE, certificates
from unlearnkit.report.drawers import Drawer
from unlearnkit.report.hero import hero
from unlearnkit.report.markup import inline
from unlearnkit.report.overview import GROUPS, Overview, drawn_metric, leading_metric
from unlearnkit.report.passive import require_passive
from unlearnkit.report.shown import Picture, Results, Row
from unlearnkit.report.style import svg
from unlearnkit.report.tables import STATISTICS
from unlearnkit.report.words import Words, words_of


def opening(
    settings: Mapping[str, Any],
    metrics: Mapping[str, ModuleType],
    results: Results,
    sizes: Sequence[int],
    drawers: Mapping[tuple[str, str], Drawer],
) -> dict[str, Any]:
    """Return what the template shows first: question, answer, figure and table, and the drawers behind numbers.

    `sizes` are the numbers of forget samples, one per forget set.
    """
    words, variants, board = words_of(settings), settings["variants"], results.board
    ids = {key: drawer.id for key, drawer in drawers.items()}
    name = leading_metric(metrics, results.tables, board)
    shown = None
    if name is not None:
        nearer = certificates(results.tables.get(CERTIFICATE, ()))
        shown = Overview(name, metrics[name], results.tables[name], results.costs, board, variants, ids, words, nearer)
    groups = shown.groups() if shown else {}
    drawn = metrics.get(drawn_metric(metrics, results.tables, board) or "")
    return {
        "question": question(settings, sizes, words),
        "answer": answer(board, _mean_passes(results.costs)),
        "cannot": cannot(board),
        "board": board,
        "front": shown,
        "certificate": CERTIFICATE if shown and shown.certificates else None,
        "front_groups": groups,
        "group_names": GROUPS,
        "hero": _hero(results.hero, drawn, words) if drawn and results.hero else None,
        "drawn": drawn,
        "drawers": drawers.values(),
        "drawer_ids": ids,
    }


def opening_figure(
    settings: Mapping[str, Any],
    metrics: Mapping[str, ModuleType],
    tables: Mapping[str, Sequence[Row]],
    board: Mapping[str, Any],
) -> str:
    """Return the trade-off by `drawn_metric` on all forget sets as SVG; "" without such a metric."""
    name = drawn_metric(metrics, tables, board)
    if name is None:
        return ""
    methods = {variant: described["method"] for variant, described in settings["variants"].items()}
    return svg(hero(metrics[name], tables[name], methods, [*board["outside"]], words_of(settings)))


def _hero(figure: str, metric: ModuleType, words: Words) -> Picture:
    alt = (
        f"Scatter plots, one per forget set: {STATISTICS[metric.STATISTIC]} of "
        f"{metric.MEASURES[metric.HEADLINE]['label']} on forget {words.samples} against validation {words.samples}, "
        "a point per variant and snapshot. The values are in the tables of forget sets."
    )
    return Picture("hero", inline(require_passive(figure, "of the opening"), "hero", alt), alt)


def _mean_passes(costs: Sequence[Row]) -> dict[str, float | None]:
    """Variant -> passes of its last snapshot relative to retraining, mean over forget sets; None where unknown."""
    last: dict[tuple[str, str], float | None] = {}
    for row in sorted(costs, key=lambda row: row["epoch"]):
        last[row["candidate"], row["forget_set"]] = row["relative_passes"]
    by_variant: dict[str, list[float | None]] = {}
    for (candidate, _), value in last.items():
        by_variant.setdefault(candidate, []).append(value)
    return {
        name: None if None in passes else math.fsum(value for value in passes if value is not None) / len(passes)
        for name, passes in by_variant.items()
    }
