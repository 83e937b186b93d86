"""The table `sizes`: values of each metric against the number of models, and how many a wanted difference needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from unlearnkit.metrics.arena.sizes import curves
from unlearnkit.report.arena_table import Trials, left_out
from unlearnkit.report.numbers import between, named_values, shown
from unlearnkit.report.style import MUTED, ORACLE, ORIGINAL, WIDTH, styled
from unlearnkit.report.tables import markdown as table

COLUMNS = (
    *("metric", "forget_set", "measure", "unit", "models", "floor", "floor_low", "floor_high"),
    *("original", "original_low", "original_high", "detectable", "wanted", "recommended", "note"),
)
PANELS = 4
"""Panels beside each other in the figure."""
Row = dict[str, Any]


def rows(trials: Sequence[Trials], settings: Mapping[str, Any]) -> list[Row]:
    """Return the rows of `sizes.curves` of all metrics and forget sets, for the wanted `difference` of the settings."""
    return [
        {"metric": metric, "forget_set": forget_set, "unit": units[row["measure"]], **row}
        for metric, forget_set, own, _, units in trials
        for row in curves(own, settings["difference"])
    ]


def markdown(rows: Sequence[Row], skipped: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    """Return one Markdown table per forget set, a line per measure and size, and the metrics that were left out."""
    parts = [
        "Means over random subsets of N models, and the central 95 % of them, higher being worse: `floor`, oracles "
        "against other oracles; `originals` in their place. `detectable`: a candidate this far above the floor exceeds "
        "the floor's 95 % quantile in 80 % of the cases, if it varies as the floor does. `recommended`: N at which "
        f"{settings['difference']:.0%} of the gap between originals and floor is detectable, by a power law of N."
    ]
    for forget_set in dict.fromkeys(row["forget_set"] for row in rows):
        lines = [_line(row) for row in rows if row["forget_set"] == forget_set]
        header = ["metric", "measure", "unit", "N", "floor", "originals", "detectable", "wanted", "recommended N"]
        parts.append(f"### Forget set `{forget_set}`\n\n{table(header, lines)}")
    return "\n\n".join([*parts, *left_out(skipped)])


@styled
def figure(rows: Sequence[Row]) -> Figure:
    """Return a panel per measure of the first forget set: floor and originals against the number of models."""
    own = [row for row in rows if row["forget_set"] == rows[0]["forget_set"]]
    names = list(dict.fromkeys((row["metric"], row["measure"]) for row in own))
    lines = max(1, -(-len(names) // PANELS))
    drawn = Figure(figsize=(WIDTH, 2.1 * lines), layout="constrained")
    panels = drawn.subplots(lines, PANELS, squeeze=False).ravel()
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    for axes, name in zip(panels, names, strict=False):
        points = [row for row in own if (row["metric"], row["measure"]) == name]
        sizes = [row["models"] for row in points]
        for side, colour in (("floor", ORACLE), ("original", ORIGINAL)):
            low, middle, high = ([row[f"{side}{end}"] for row in points] for end in ("_low", "", "_high"))
            axes.fill_between(sizes, low, high, color=f"{colour}33", linewidth=0)
            axes.plot(sizes, middle, color=colour, marker="o", markersize=2.5, linewidth=1, label=side)
        axes.set_title("\n".join(name), fontsize=7.5)
        if levels := named_values(points[0]["unit"]):
            axes.set_yticks([*levels], [*levels.values()])
        axes.tick_params(labelsize=7)
        axes.set_xlabel("models", fontsize=7)
    if names:
        panels[0].legend(frameon=False, fontsize=7, labelcolor=MUTED)
        drawn.suptitle(f"Forget set {rows[0]['forget_set']}", fontsize=9)
    return drawn


def _line(row: Row) -> list[str]:
    floor, original = (
        f"{shown(row[side])} {between(row[f'{side}_low'], row[f'{side}_high'], 3)}" for side in ("floor", "original")
    )
    recommended = row["note"] or str(row["recommended"])
    numbers = (shown(row["detectable"]), shown(row["wanted"]))
    return [row["metric"], row["measure"], row["unit"], str(row["models"]), floor, original, *numbers, recommended]
