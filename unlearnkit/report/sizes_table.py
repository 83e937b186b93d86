"""The table `sizes`: values of each metric against the number of models, and how many a wanted difference needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from unlearnkit.metrics.arena.sizes import curves
from unlearnkit.report.arena_table import Trials, left_out
from unlearnkit.report.numbers import between, named_values, shown
from unlearnkit.report.style import MUTED, ORACLE, ORIGINAL, WIDTH, styled
from unlearnkit.report.tables import markdown as table

COLUMNS = (
    *("metric", "forget_set", "measure", "unit", "direction", "models", "floor", "floor_low", "floor_high"),
    *("original", "original_low", "original_high", "detectable", "wanted", "recommended", "note"),
)
PANELS = 4
"""Panels beside each other in the figure."""
SIDES = {"floor": ("floor", ORACLE), "original": ("originals", ORIGINAL)}
"""Side of a row -> its label and colour in the figure."""
Row = dict[str, Any]


def rows(trials: Sequence[Trials], settings: Mapping[str, Any]) -> list[Row]:
    """Return the rows of `sizes.curves` of all metrics and forget sets, for the wanted `difference` of the settings.

    Values are those of the measure, in its direction, which is "match" where trials state distances from the oracles'
    own value.
    """
    return [
        {"metric": metric, "forget_set": forget_set, **_as_declared(row, measures[row["measure"]], distances)}
        for metric, forget_set, of_metric, _, measures in trials
        for distances in ({row["measure"] for row in of_metric if row["distance"]},)
        for row in curves(of_metric, settings["difference"])
    ]


def markdown(rows: Sequence[Row], skipped: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    """Return one Markdown table per forget set, a line per measure and size, and the metrics that were left out."""
    parts = [
        "Means over random subsets of N models, and the central 95 % of them: `floor`, oracles against other oracles; "
        "`originals` in their place. Direction match: of the distance from the oracles' own value. "
        "`detectable`: a candidate that is this much worse than the floor is beyond the floor's 95 % quantile in 80 % "
        "of the cases, if it varies as the floor does. `recommended`: N at which "
        f"{settings['difference']:.0%} of the gap between originals and floor is detectable, by a power law of N."
    ]
    for forget_set in dict.fromkeys(row["forget_set"] for row in rows):
        lines = [_line(row) for row in rows if row["forget_set"] == forget_set]
        header = ["metric", "measure", "unit", "direction", "N"]
        header += ["floor", "originals", "detectable", "wanted", "recommended N"]
        parts.append(f"### Forget set `{forget_set}`\n\n{table(header, lines)}")
    return "\n\n".join([*parts, *left_out(skipped)])


@styled
def figure(rows: Sequence[Row]) -> Figure:
    """Return a panel per measure of the first forget set: floor and originals against the number of models."""
    of_set = [row for row in rows if row["forget_set"] == rows[0]["forget_set"]]
    names = list(dict.fromkeys((row["metric"], row["measure"]) for row in of_set))
    lines = max(1, -(-len(names) // PANELS))
    drawn = Figure(figsize=(WIDTH, 2.1 * lines), layout="constrained")
    panels = drawn.subplots(lines, PANELS, squeeze=False).ravel()
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    for axes, name in zip(panels, names, strict=False):
        points = [row for row in of_set if (row["metric"], row["measure"]) == name]
        sizes = [row["models"] for row in points]
        for side, (label, colour) in SIDES.items():
            low, middle, high = ([row[f"{side}{end}"] for row in points] for end in ("_low", "", "_high"))
            axes.fill_between(sizes, low, high, color=f"{colour}33", linewidth=0)
            axes.plot(sizes, middle, color=colour, marker="o", markersize=2.5, linewidth=1, label=label)
        axes.set_title(f"{name[0]}\n{name[1]}{_kind(points[0])}", fontsize=7)
        if levels := named_values(points[0]["unit"]):
            axes.set_yticks([*levels], [*levels.values()])
        axes.tick_params(labelsize=7)
        axes.set_xlabel("models", fontsize=7)
        axes.set_xticks(sizes)
    if names:
        both = panels[0].get_lines()
        drawn.legend(handles=both, loc="outside lower center", ncols=2, frameon=False, labelcolor=MUTED)
        drawn.suptitle(f"Forget set {rows[0]['forget_set']}", fontsize=9)
    return drawn


def _kind(row: Row) -> str:
    """Unit and direction behind the name of a measure; units that list values are on the axis."""
    unit = "" if named_values(row["unit"]) else f" [{row['unit']}]"
    return f"{unit}, {row['direction']}"


def _as_declared(row: Row, declared: Mapping[str, Any], distances: Collection[str]) -> Row:
    """A row of `curves`, in which higher is worse, with the values that the measure itself has, unit and direction."""
    direction = "match" if row["measure"] in distances else declared["direction"]
    stated = {"unit": declared["unit"], "direction": direction, **row}
    if direction != "higher":
        return stated
    ends = {"": "", "_low": "_high", "_high": "_low"}
    return stated | {
        f"{side}{end}": -row[f"{side}{other}"] for side in ("floor", "original") for end, other in ends.items()
    }


def _line(row: Row) -> list[str]:
    floor, original = (
        f"{shown(row[side])} {between(row[f'{side}_low'], row[f'{side}_high'], 3)}" for side in ("floor", "original")
    )
    recommended = row["note"] or str(row["recommended"])
    numbers = (shown(row["detectable"]), shown(row["wanted"]))
    names = (row["metric"], row["measure"], row["unit"], row["direction"], str(row["models"]))
    return [*names, floor, original, *numbers, recommended]
