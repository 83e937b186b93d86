"""The table `arena`: which planted faults each metric sees, from how many models on, and what a score costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from unlearnkit.metrics.arena.detection import detections
from unlearnkit.report.numbers import shown
from unlearnkit.report.style import WIDTH, styled
from unlearnkit.report.tables import markdown as table

COLUMNS = (
    *("metric", "forget_set", "measure", "models", "kind", "share", "planted", "auc", "power", "blind"),
    *("models_needed", "cpu_seconds_per_score"),
)
NOTE = (
    "Oracles in which something is planted, against other oracles: `models`, a share of the models are originals; "
    "`samples`, all models show what originals show on a share of the forget samples; `leak`, margins on the forget "
    "samples move by a share of the gap between originals and oracles; `kept`, oracles that kept a part of the forget "
    "set. Shares are those of whole models or samples. Cells: power at 5 % false alarms with the most models, and in "
    "brackets the fewest models from which on it is 0.8 or more. Blind spots: plants whose area under the ROC curve "
    "with the most models is that of chance."
)
Row = dict[str, Any]
Trials = tuple[str, str, Sequence[Mapping[str, Any]], float, Mapping[str, Mapping[str, Any]]]
"""Metric, forget set, rows of trials, CPU seconds per score, and the MEASURES of the metric."""


def rows(trials: Sequence[Trials], settings: Mapping[str, Any]) -> list[Row]:
    """Return the rows of `detection.detections` of all metrics and forget sets, with the cost of a score.

    `settings` is unused.
    """
    return [
        {"metric": metric, "forget_set": forget_set, **row, "cpu_seconds_per_score": cost}
        for metric, forget_set, of_metric, cost, _ in trials
        for row in detections(of_metric)
    ]


def markdown(rows: Sequence[Row], skipped: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    """Return one Markdown table per forget set, a line per measure, and the metrics that were left out."""
    parts = [NOTE]
    for forget_set in dict.fromkeys(row["forget_set"] for row in rows):
        of_set = _largest([row for row in rows if row["forget_set"] == forget_set])
        plants = list(dict.fromkeys(_plant(row) for row in of_set))
        lines = [
            _line([row for row in of_set if (row["metric"], row["measure"]) == key], plants)
            for key in dict.fromkeys((row["metric"], row["measure"]) for row in of_set)
        ]
        header = ["metric", "measure", "N", *plants, "ms per score", "blind spots"]
        parts.append(f"### Forget set `{forget_set}`\n\n{table(header, lines)}")
    return "\n\n".join([*parts, *left_out(skipped)])


def left_out(skipped: Mapping[str, str]) -> list[str]:
    """Return the metrics that were not tried, as a Markdown table; nothing if there are none."""
    return [f"Not tried:\n\n{table(['metric', 'reason'], list(skipped.items()))}"] if skipped else []


@styled
def figure(rows: Sequence[Row]) -> Figure:
    """Return the power of every measure for every plant with the most models, a panel per forget set."""
    names = list(dict.fromkeys(row["forget_set"] for row in rows))
    lines = list(dict.fromkeys((row["metric"], row["measure"]) for row in rows))
    drawn = Figure(figsize=(WIDTH, (1.4 + 0.22 * len(lines)) * max(1, len(names))), layout="constrained")
    for axes, name in zip(drawn.subplots(max(1, len(names)), 1, squeeze=False)[:, 0], names, strict=False):
        of_set = _largest([row for row in rows if row["forget_set"] == name])
        plants = list(dict.fromkeys(_plant(row) for row in of_set))
        power = np.full((len(lines), len(plants)), np.nan)
        for row in of_set:
            power[lines.index((row["metric"], row["measure"])), plants.index(_plant(row))] = row["power"]
        axes.pcolormesh(power, vmin=0, vmax=1, cmap="Blues", edgecolors="white", linewidth=0.5)
        for line, column in np.argwhere(np.isfinite(power)):
            value = float(power[line, column])
            style = {"ha": "center", "va": "center", "fontsize": 6.5, "color": "white" if value > 0.6 else "black"}
            axes.text(column + 0.5, line + 0.5, shown(value, ".2f"), **style)
        axes.set_xticks(np.arange(len(plants)) + 0.5, plants, rotation=40, ha="right", fontsize=7)
        axes.set_yticks(np.arange(len(lines)) + 0.5, [" ".join(line) for line in lines], fontsize=7)
        axes.invert_yaxis()
        axes.grid(visible=False)
        axes.set_title(f"{name}: power at 5 % false alarms", fontsize=9)
    return drawn


def _largest(rows: Sequence[Row]) -> list[Row]:
    """The rows with the most models of each measure."""
    most: dict[tuple[str, str], int] = {}
    for row in rows:
        key = row["metric"], row["measure"]
        most[key] = max(most.get(key, 0), row["models"])
    return [row for row in rows if row["models"] == most[row["metric"], row["measure"]]]


def _plant(row: Row) -> str:
    return row["kind"] if row["kind"] == "kept" else f"{row['kind']} {100 * row['planted']:.3g}%"


def _line(of_measure: Sequence[Row], plants: Sequence[str]) -> list[str]:
    cells = dict.fromkeys(plants, "")
    for row in of_measure:
        needed = "" if row["models_needed"] is None else f" [{row['models_needed']}]"
        cells[_plant(row)] = f"{shown(row['power'], '.2f')}{needed}"
    first = of_measure[0]
    blind = ", ".join(_plant(row) for row in of_measure if row["blind"])
    cost = shown(1e3 * first["cpu_seconds_per_score"], ".1f")
    return [first["metric"], first["measure"], f"{first['models']}", *cells.values(), cost, blind]
