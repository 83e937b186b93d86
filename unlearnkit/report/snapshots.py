"""Curves of a method along its snapshots: what is left to forget, and what was damaged, the longer it runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from unlearnkit.report.figures import MARKERS
from unlearnkit.report.markup import inline
from unlearnkit.report.overview import drawn_metric
from unlearnkit.report.shown import Picture, Results
from unlearnkit.report.style import MUTED, ORACLE, ORIGINAL, WIDTH, axis_title, quantity_axes, styled, svg
from unlearnkit.report.tables import STATISTICS
from unlearnkit.report.words import IMAGES, Words

Row = Mapping[str, Any]
COLUMNS, HEIGHT = 3, 2.5
"""Panels beside each other, and height of one, inches."""
LOOKS: Mapping[str, tuple[str, Literal["-", "--"]]] = {"forget": (ORIGINAL, "-"), "validation": (ORACLE, "--")}
"""Split -> colour and line."""
MOST_VARIANTS = len(MARKERS)


def method_curves(
    variants: Sequence[str], metrics: Mapping[str, ModuleType], results: Results, words: Words
) -> Picture | None:
    """Return the curves of a method's variants by the metric of the opening figure, as part of a page.

    None without such a metric, and if no variant has values at two snapshots.
    """
    name = drawn_metric(metrics, results.tables, results.board)
    rows = [] if name is None else _shown(results.tables[name], metrics[name], variants)
    if name is None or not any(row["candidate"] in variants for row in rows):
        return None
    label = metrics[name].MEASURES[metrics[name].HEADLINE]["label"]
    alt = f"{STATISTICS[metrics[name].STATISTIC]} of {label} against the {words.epoch} of the snapshot, per forget set."
    return Picture("snapshots", inline(svg(snapshot_curves(metrics[name], rows, words)), "snapshots", alt), alt)


def _shown(rows: Sequence[Row], metric: ModuleType, variants: Sequence[str]) -> list[Row]:
    """The headline's rows of the first variants that have several snapshots, and those of the oracles."""
    headlines = [
        row
        for row in rows
        if row["measure"] == metric.HEADLINE and row["split"] in LOOKS and row[metric.STATISTIC] is not None
    ]
    epochs = {name: {row["epoch"] for row in headlines if row["candidate"] == name} for name in variants}
    several = [name for name in variants if len(epochs[name]) > 1][:MOST_VARIANTS]
    return [row for row in headlines if row["candidate"] in (*several, "oracle")]


@styled
def snapshot_curves(metric: ModuleType, rows: Sequence[Row], words: Words = IMAGES) -> Figure:
    """Return the headline against the snapshot's epoch, a panel per forget set, a line per variant and split.

    `rows` are those of the metric's table, of variants and of "oracle", whose values are dotted lines.
    """
    sets = [*dict.fromkeys(row["forget_set"] for row in rows)]
    columns = min(COLUMNS, len(sets))
    lines = math.ceil(len(sets) / columns)
    figure = Figure(figsize=(WIDTH, HEIGHT * lines + 0.7), layout="constrained")
    panels = [*figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).flat]
    variants = [*dict.fromkeys(row["candidate"] for row in rows if row["candidate"] != "oracle")]
    for name, axes in zip(sets, panels, strict=False):
        _draw(axes, [row for row in rows if row["forget_set"] == name], metric.STATISTIC, variants)
        axes.set_title(name, fontsize=9, loc="left", fontweight="bold")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in panels[len(sets) :]:
        axes.set_axis_off()
    declared = metric.MEASURES[metric.HEADLINE]
    quantity_axes(panels[0], "y", [row[metric.STATISTIC] for row in rows], declared)
    figure.supxlabel(words.epoch, fontsize=9)
    figure.supylabel(f"{STATISTICS[metric.STATISTIC]} of {axis_title(declared)}", fontsize=9)
    _legend(figure, [split for split in LOOKS if any(row["split"] == split for row in rows)], variants, words)
    return figure


def _draw(axes: Axes, rows: Sequence[Row], statistic: str, variants: Sequence[str]) -> None:
    for split, (colour, line) in LOOKS.items():
        of_split = sorted((row for row in rows if row["split"] == split), key=lambda row: row["epoch"])
        for row in of_split:
            if row["candidate"] == "oracle":
                axes.axhline(row[statistic], color=colour, linestyle=":", linewidth=1)
        for variant, marker in zip(variants, MARKERS, strict=False):
            curve = [(row["epoch"], row[statistic]) for row in of_split if row["candidate"] == variant]
            axes.plot(*zip(*curve, strict=True), color=colour, linestyle=line, marker=marker, linewidth=1.3)


def _legend(figure: Figure, splits: Sequence[str], variants: Sequence[str], words: Words) -> None:
    handles = [
        Line2D([], [], color=LOOKS[split][0], linestyle=LOOKS[split][1], label=f"{split} {words.samples}")
        for split in splits
    ]
    handles.append(Line2D([], [], color=MUTED, linestyle=":", label="oracles"))
    if len(variants) > 1:
        markers = zip(variants, MARKERS, strict=False)
        handles += [Line2D([], [], color=MUTED, linestyle="", marker=marker, label=name) for name, marker in markers]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False, fontsize=8.5)
