"""Figures of one metric on one forget set: forgetting against damage elsewhere, and distributions of the values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from unlearnkit.report.labels import label_points
from unlearnkit.report.style import MUTED, ORACLE, ORIGINAL, WIDTH, axis_title, quantity_axes, row_name, styled
from unlearnkit.report.tables import STATISTICS, failure
from unlearnkit.report.words import IMAGES, Words

Row = Mapping[str, Any]
MARKERS = "osD^vP<>phd8"
REFERENCE = {"original": ("originals", ORIGINAL, "X"), "oracle": ("oracles", ORACLE, "*")}
MOST_LABELS = 16
MOST_ERROR_BARS = 30
COST_COLOURS = mpl.colormaps["cividis"]
LEGEND_LINE = 0.17  # inches


@styled
def metric_figure(
    kind: str,
    metric: ModuleType,
    rows: Sequence[Row],
    values: Mapping[str, Mapping[str, np.ndarray]],
    methods: Mapping[str, str],
    words: Words = IMAGES,
) -> Figure:
    """Return the figure of a kind ("trade_off" or "distributions") of a metric's headline on one forget set.

    `metric` gives MEASURES, HEADLINE, STATISTIC, AXIS and NEEDS_ORACLE; `rows` are its table rows
    (report.tables.metric_rows); `values` candidate -> split -> headline values at the last epoch, samples or models as
    AXIS says (distributions only); `methods` variant -> method.
    """
    if kind == "trade_off":
        return _trade_off(metric, rows, methods, words)
    return _distributions(metric, rows, values, words)


def _trade_off(metric: ModuleType, rows: Sequence[Row], methods: Mapping[str, str], words: Words) -> Figure:
    """The scatter of the statistic on forget (y) against validation samples (x), a point per candidate and epoch.

    The colour is the cost in sample passes relative to retraining, the marker the method; the originals and the oracles
    (if the metric needs them the noise floor, dotted) are marked. Candidates with failed models have no value and are
    named below the plot.
    """
    declared, statistic = metric.MEASURES[metric.HEADLINE], STATISTICS[metric.STATISTIC]
    points = _points(rows, metric.HEADLINE, metric.STATISTIC)
    shown = [point for point in points if point["x"] is not None]
    marker = dict(zip(dict.fromkeys(methods.values()), MARKERS * len(methods), strict=False))
    legend = LEGEND_LINE * (len(REFERENCE) + len(marker) + 1)
    figure = Figure(figsize=(WIDTH, max(5.2, legend)), layout="constrained")
    axes = figure.add_subplot()
    for variant in dict.fromkeys(point["candidate"] for point in shown):
        _draw_candidate(
            axes, [p for p in shown if p["candidate"] == variant], marker.get(methods.get(variant, "")), words
        )
    if len(shown) <= MOST_ERROR_BARS:
        _draw_intervals(axes, shown)
    quantity_axes(axes, "xy", [point[axis] for point in shown for axis in "xy"], declared)
    if metric.NEEDS_ORACLE:
        for point in (point for point in shown if point["candidate"] == "oracle"):
            axes.axvline(point["x"], color=ORACLE, linestyle=":", linewidth=1)
            axes.axhline(point["y"], color=ORACLE, linestyle=":", linewidth=1)
    axes.set_xlabel(f"{statistic} on validation {words.samples}: {axis_title(declared)}")
    axes.set_ylabel(f"{statistic} on forget {words.samples}: {axis_title(declared)}")
    failed = dict.fromkeys(point["candidate"] for point in points if point["x"] is None)
    if failed:
        figure.supxlabel(f"not shown, models failed: {', '.join(failed)}", fontsize=7.5, color=MUTED, wrap=True)
    _draw_legend(figure, marker, shown, metric.NEEDS_ORACLE)
    if any(point["relative_passes"] is not None for point in shown):
        _draw_costs(figure, axes, words)
    order = sorted(shown, key=lambda point: (point["candidate"] not in REFERENCE, _better(point, shown, declared)))
    places = np.array([[point["x"], point["y"]] for point in order]).reshape(-1, 2)
    label_points(figure, axes, places, [_label(point, words) for point in order], MOST_LABELS)
    return figure


def _distributions(
    metric: ModuleType, rows: Sequence[Row], values: Mapping[str, Mapping[str, np.ndarray]], words: Words
) -> Figure:
    """Box plots of the headline, a panel per split and a row per candidate, the oracles first.

    A box holds the middle half, its line the median, the whiskers 5 % to 95 %, the dot is the mean, the tick the
    largest; the dotted line continues the statistic of the oracles.
    """
    declared, statistic, over = metric.MEASURES[metric.HEADLINE], metric.STATISTIC, metric.AXIS
    last = {row["candidate"]: row for row in rows}
    notes = {name: failed for name, row in last.items() if (failed := failure(row))}
    candidates = sorted(values, key=lambda name: name != "oracle")
    splits = [split for split in declared["splits"] if any(split in of_splits for of_splits in values.values())]
    names = [row_name(REFERENCE.get(candidate, (candidate,))[0]) for candidate in candidates]
    height = 1.1 + 0.24 * len(names) * (1.4 if any("\n" in name for name in names) else 1)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    panels = figure.subplots(1, len(splits), sharex=True, sharey=True, squeeze=False)[0]
    defined = {(c, s): values[c][s][~np.isnan(values[c][s])] for c in candidates for s in splits if c not in notes}
    summaries = {key: _box(numbers) for key, numbers in defined.items() if numbers.size}
    ends = [end for box in summaries.values() for end in (box["whislo"], box["most"])]
    for axes, split in zip(panels, splits, strict=True):
        for position, candidate in enumerate(candidates):
            if box := summaries.get((candidate, split)):
                _draw_box(axes, box, position, REFERENCE.get(candidate, ("", MUTED, ""))[1])
            else:
                why = notes.get(candidate, "not defined")
                axes.text(0.02, position, why, transform=axes.get_yaxis_transform(), color=MUTED, va="center")
        reference = summaries.get(("oracle", split))
        if reference:
            axes.axvline(
                reference["whishi" if statistic == "p95" else "mean"], color=ORACLE, linestyle=":", linewidth=1
            )
        quantity_axes(axes, "x", ends, declared)
        title = f"{split} {words.samples}"
        axes.set_title(title if over == "samples" else f"{over}, on {title}", fontsize=9)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks(range(len(names)), names, fontsize=8)
    panels[0].set_ylim(len(candidates) - 0.4, -0.6)
    figure.supxlabel(axis_title(declared), fontsize=9)
    return figure


def _points(rows: Sequence[Row], measure: str, statistic: str) -> list[dict[str, Any]]:
    """One point per candidate and epoch: value and interval on validation (x) and forget samples (y), and cost."""
    points: dict[tuple[str, int], dict[str, Any]] = {}
    for row in rows:
        axis = {"validation": "x", "forget": "y"}.get(row["split"])
        if row["measure"] == measure and axis:
            point = points.setdefault((row["candidate"], row["epoch"]), {})
            point |= {name: row[name] for name in ("candidate", "epoch", "relative_passes")}
            point |= {axis: row[statistic]}
            point |= {f"{axis}_{end}": row.get(f"{statistic}_models_{end}") for end in ("low", "high")}
    return list(points.values())


def _draw_candidate(axes: Axes, points: Sequence[Row], marker: str | None, words: Words) -> None:
    """The snapshots of a candidate, joined by a line."""
    axes.plot([p["x"] for p in points], [p["y"] for p in points], color="#b0b0b0", linewidth=0.8, zorder=2)
    for point in points:
        _, colour, own_marker = REFERENCE.get(point["candidate"], ("", MUTED, marker))
        cost = point["relative_passes"]
        drawn = axes.scatter(
            point["x"],
            point["y"],
            color=colour if cost is None else COST_COLOURS(float(cost)),
            marker=own_marker,
            s=150 if own_marker == "*" else 55,
            edgecolors="#333333",
            linewidths=0.6,
            zorder=4 if cost is None else 3,
        )
        costs = "" if cost is None else f", {cost:.3g} x retraining"
        drawn.set_gid(f"title: {_name(point, words)}: validation {point['x']:.3g}, forget {point['y']:.3g}{costs}")


def _draw_intervals(axes: Axes, points: Sequence[Row]) -> None:
    for point in points:
        if None not in (point["x_low"], point["x_high"]):
            axes.plot([point["x_low"], point["x_high"]], [point["y"]] * 2, color="#c8c8c8", linewidth=0.8, zorder=1.5)
        if None not in (point["y_low"], point["y_high"]):
            axes.plot([point["x"]] * 2, [point["y_low"], point["y_high"]], color="#c8c8c8", linewidth=0.8, zorder=1.5)


def _draw_legend(figure: Figure, marker: Mapping[str, str], points: Sequence[Row], has_floor: bool) -> None:
    present = {point["candidate"] for point in points}
    shapes = {
        f"{text} (noise floor)" if name == "oracle" and has_floor else text: (shape, colour)
        for name, (text, colour, shape) in REFERENCE.items()
        if name in present
    } | {method: (shape, "#bbbbbb") for method, shape in marker.items()}
    handles = [
        Line2D([], [], marker=shape, color="none", markerfacecolor=colour, markeredgecolor="#333333", label=text)
        for text, (shape, colour) in shapes.items()
    ]
    figure.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=8)


def _draw_costs(figure: Figure, axes: Axes, words: Words) -> None:
    """The scale of the colours; there is none where nothing was retrained to compare costs with."""
    scale = ScalarMappable(Normalize(0, 1), COST_COLOURS)
    bar = figure.colorbar(scale, ax=axes, location="top", shrink=0.6, aspect=40, pad=0.02, extend="max")
    bar.set_label(f"{words.sample} passes relative to retraining", fontsize=8)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]


def _better(point: Row, points: Sequence[Row], declared: Row) -> int:
    """How many variants' points are better on both axes: those with few are labelled first."""
    sign = {"lower": 1, "higher": -1}.get(declared["direction"], 0)
    others = (other for other in points if other["candidate"] not in REFERENCE)
    return sum(sign * other["x"] < sign * point["x"] and sign * other["y"] < sign * point["y"] for other in others)


def _name(point: Row, words: Words) -> str:
    if point["candidate"] in REFERENCE:
        return REFERENCE[point["candidate"]][0]
    return f"{point['candidate']}, {words.epoch} {point['epoch']}" if point["epoch"] else point["candidate"]


def _label(point: Row, words: Words) -> str:
    return row_name(_name(point, words).replace(f", {words.epoch} ", " @ "))


def _box(values: np.ndarray) -> dict[str, Any]:
    low, first, median, third, high = np.percentile(values, [5, 25, 50, 75, 95])
    quartiles = {"q1": first, "med": median, "q3": third, "mean": np.mean(values)}
    return {"whislo": low, "whishi": high, "fliers": [], "most": np.max(values), **quartiles}


def _draw_box(axes: Axes, box: dict[str, Any], position: int, colour: str) -> None:
    axes.bxp(
        [box],
        positions=[position],
        orientation="horizontal",
        widths=0.62,
        showmeans=True,
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": f"{colour}40", "edgecolor": colour, "linewidth": 0.9},
        medianprops={"color": colour, "linewidth": 1.6},
        whiskerprops={"color": colour, "linewidth": 0.9},
        capprops={"color": colour, "linewidth": 0.9},
        meanprops={"marker": "o", "markersize": 3.2, "markerfacecolor": "black", "markeredgecolor": "none"},
    )
    axes.plot(box["most"], position, marker="|", markersize=4, color=colour)
