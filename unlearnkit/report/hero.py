"""The figure that opens the page: what is left to forget against what was damaged elsewhere, a panel per forget set."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from unlearnkit.report.figures import MARKERS
from unlearnkit.report.labels import label_points
from unlearnkit.report.style import MUTED, logarithmic_ticks, quantity_axes, row_name, styled
from unlearnkit.report.tables import STATISTICS
from unlearnkit.report.words import IMAGES, Words

Row = Mapping[str, Any]
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255")
"""Six of Okabe and Ito's colours and Tol's wine. With MARKERS, whose number is prime to theirs, 77 methods differ."""
INK = "#1a1a1a"
REFERENCES = {"original": ("originals", "X"), "oracle": ("oracles", "*")}
PANEL = {1: (9.0, 4.6), 2: (5.0, 4.0)}
"""Panels beside each other -> width and height of one, inches."""
SMALLEST, LARGEST = 35.0, 190.0
"""Areas of a point that costs nothing and of one that costs as much as retraining, or more, square points."""
MOST_LABELS = 12
STRETCH = 1.5
"""An axis that all snapshots would make longer than last ones by this factor has the length of last ones."""


@styled
def hero(
    metric: ModuleType,
    rows: Sequence[Row],
    methods: Mapping[str, str],
    left_out: Sequence[str] = (),
    words: Words = IMAGES,
) -> Figure:
    """Return the scatter of a metric's headline on forget (y) against validation samples (x), a panel per forget set.

    Colour and shape are those of the method, the area of a point is the cost in sample passes relative to retraining;
    the oracles are a star with dotted lines through it. An axis is cut to last snapshots, originals and oracles where
    earlier snapshots would STRETCH it; the panel says how many are outside. `rows` are those of the metric's table,
    `methods` variant -> method, `left_out` variants that are hollow, since they are not ranked.
    """
    sets = list(dict.fromkeys(row["forget_set"] for row in rows))
    columns = min(2, len(sets))
    lines = math.ceil(len(sets) / columns)
    width, height = PANEL[columns]
    looks = _looks(methods)
    legend = 0.3 + 0.2 * math.ceil((len(looks) + 3) / 5)
    figure = Figure(figsize=(width * columns, height * lines + legend), layout="constrained")
    panels = [*figure.subplots(lines, columns, squeeze=False).flat]
    declared, statistic = metric.MEASURES[metric.HEADLINE], STATISTICS[metric.STATISTIC]
    drawn = []
    for name, axes in zip(sets, panels, strict=False):
        points = _points([row for row in rows if row["forget_set"] == name], metric)
        shown = [point for point in points if None not in (point.get("x"), point.get("y"))]
        _draw(axes, shown, methods, looks, left_out, words)
        quantity_axes(axes, "xy", [point[axis] for point in shown for axis in "xy"], declared)
        axes.set_title(name, fontsize=11, loc="left", fontweight="bold")
        if beyond := _frame(axes, shown):
            note = f"{beyond} earlier snapshot{'s' if beyond > 1 else ''} outside the frame"
            axes.set_title(note, fontsize=8, loc="right", color=MUTED)
        drawn.append((axes, shown))
    for axes in panels[len(sets) :]:
        axes.set_axis_off()
    figure.supxlabel(
        f"{statistic} of {declared['label']} on validation {words.samples}  →  damage elsewhere", fontsize=9.5
    )
    figure.supylabel(f"{statistic} on forget {words.samples}  →  left to forget", fontsize=9.5)
    _legend(figure, looks, any(point["relative_passes"] for _, shown in drawn for point in shown))
    for axes, shown in drawn:
        _label(figure, axes, shown, left_out)
    return figure


def _points(rows: Sequence[Row], metric: ModuleType) -> list[dict[str, Any]]:
    """One point per candidate and epoch: value on validation (x) and forget samples (y), and cost."""
    points: dict[tuple[str, int], dict[str, Any]] = {}
    for row in rows:
        axis = {"validation": "x", "forget": "y"}.get(row["split"])
        if row["measure"] == metric.HEADLINE and axis:
            kept = {name: row[name] for name in ("candidate", "epoch", "relative_passes")}
            points.setdefault((row["candidate"], row["epoch"]), kept)[axis] = row[metric.STATISTIC]
    return list(points.values())


def _looks(methods: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Method -> (colour, marker)."""
    names = [*dict.fromkeys(methods.values())]
    return {name: (COLOURS[at % len(COLOURS)], MARKERS[at % len(MARKERS)]) for at, name in enumerate(names)}


def _draw(
    axes: Axes,
    points: Sequence[Row],
    methods: Mapping[str, str],
    looks: Mapping[str, tuple[str, str]],
    left_out: Sequence[str],
    words: Words,
) -> None:
    for variant in dict.fromkeys(point["candidate"] for point in points):
        snapshots = [point for point in points if point["candidate"] == variant]
        colour, marker = looks.get(methods.get(variant, ""), (INK, REFERENCES.get(variant, ("", "o"))[1]))
        if len(snapshots) > 1:
            axes.plot(
                [p["x"] for p in snapshots],
                [p["y"] for p in snapshots],
                color=colour,
                linewidth=1.0,
                alpha=0.6,
                zorder=2,
            )
        for point in snapshots:
            artist = axes.scatter(
                point["x"],
                point["y"],
                s=160 if variant in REFERENCES else _area(point["relative_passes"]),
                facecolor="white" if variant in left_out else colour,
                edgecolors=colour if variant in left_out else INK,
                linewidths=1.4 if variant in left_out else 0.6,
                marker=marker,
                zorder=4 if variant in REFERENCES else 3,
            )
            artist.set_gid(f"title: {_title(point, words)}")
        if variant == "oracle":
            for line, at in ((axes.axvline, "x"), (axes.axhline, "y")):
                line(snapshots[0][at], color=INK, linestyle=":", linewidth=1, zorder=1)


def _frame(axes: Axes, points: Sequence[Row]) -> int:
    """Cut axes that early snapshots stretch, so that none squashes what methods end in; return how many are outside."""
    last = {point["candidate"]: point["epoch"] for point in points}
    outside: set[int] = set()
    for name, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        scale = axis.get_transform()
        positions = np.array([scale.transform(point[name]) for point in points])
        ends = positions[[point["epoch"] == last[point["candidate"]] for point in points]]
        if ends.size and np.ptp(positions) > STRETCH * np.ptp(ends) > 0:
            margin = 0.1 * np.ptp(ends)
            limits = np.array([ends.min() - margin, ends.max() + margin])
            axes.set(**{f"{name}lim": scale.inverted().transform(limits)})
            outside |= {*np.flatnonzero((positions < limits[0]) | (positions > limits[1])).tolist()}
        if axis.get_scale() == "log":
            low, high = axes.get_xlim() if name == "x" else axes.get_ylim()
            logarithmic_ticks(axis, high / low)
    return len(outside)


def _area(cost: float | None) -> float:
    return SMALLEST + (LARGEST - SMALLEST) * min(1.0, cost or 0.0)


def _title(point: Row, words: Words) -> str:
    name = REFERENCES.get(point["candidate"], (point["candidate"],))[0]
    at = f", {words.epoch} {point['epoch']}" if point["epoch"] and point["candidate"] not in REFERENCES else ""
    cost = "" if point["relative_passes"] is None else f", {point['relative_passes']:.3g} x retraining"
    return f"{name}{at}: validation {point['x']:.3g}, forget {point['y']:.3g}{cost}"


def _legend(figure: Figure, looks: Mapping[str, tuple[str, str]], has_costs: bool) -> None:
    shapes = [(text, INK, marker, 9.0) for text, marker in REFERENCES.values()]
    shapes += [(name, colour, marker, 8.0) for name, (colour, marker) in looks.items()]
    sizes = ((0.0, "free"), (1.0, "cost of retraining")) if has_costs else ()
    shapes += [(text, "#bbbbbb", "o", math.sqrt(_area(cost))) for cost, text in sizes]
    handles = [
        Line2D(
            [],
            [],
            marker=marker,
            color="none",
            markerfacecolor=colour,
            markeredgecolor=INK,
            markeredgewidth=0.6,
            markersize=size,
            label=text,
        )
        for text, colour, marker, size in shapes
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=5, frameon=False, fontsize=9)


def _label(figure: Figure, axes: Axes, points: Sequence[Row], left_out: Sequence[str]) -> None:
    """Name the last snapshot of every variant where there is room, ranked ones first; originals and oracles too."""
    last = {point["candidate"]: point["epoch"] for point in points}
    order = sorted(points, key=lambda point: (point["candidate"] in left_out, point["x"] + point["y"]))
    texts = [
        row_name(REFERENCES.get(p["candidate"], (p["candidate"],))[0]) if p["epoch"] == last[p["candidate"]] else ""
        for p in order
    ]
    places = np.array([[point["x"], point["y"]] for point in order]).reshape(-1, 2)
    label_points(figure, axes, places, texts, MOST_LABELS)
