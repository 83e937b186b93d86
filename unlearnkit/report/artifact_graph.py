"""The page with the artifact graph: stages, what they are made of, and what of them was there when it was drawn."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from unlearnkit.report.markup import inline
from unlearnkit.report.passive import require_passive
from unlearnkit.report.site import Page, rendered
from unlearnkit.report.style import MUTED, WIDTH, styled, svg

NAME = "graph"
LOOKS = {
    "present": ("#dcefe3", "solid"),
    "out of date": ("#f8d9c6", "dashed"),
    "missing": ("#ffffff", "dotted"),
    "not configured": ("#eeeeee", "dashdot"),
}
"""State -> colour and line of a box; a stage has that of its worst state."""
WORST = ("missing", "out of date", "present", "not configured")
LEVEL, BOX = 0.78, (1.55, 0.5)
"""Height of a level of the graph, and width and height of a box, inches."""


class Stock(Protocol):
    """What is there of a stage on a forget set: `lineage.stock.Stock`, which the report does not import."""

    stage: str
    forget_set: str
    counts: dict[str, int]
    whose: dict[str, dict[str, None]]


def graph_page(
    experiment: str,
    found: Sequence[Stock],
    made_of: Mapping[str, set[str]],
    version: str,
    drawn: datetime.datetime,
) -> str:
    """Return the page as HTML: the graph, and a table that says the same and names what is not present.

    `made_of` stage -> the stages that it is made of.
    """
    counts = by_stage(found)
    alt = f"Artifact graph of {experiment}, a box per stage with the number of its artifacts. The table has the same."
    picture = inline(require_passive(svg(stage_graph(counts, made_of)), "of the artifact graph"), NAME, alt)
    common = {"settings": {"experiment": experiment}, "environment": {"unlearnkit": version}}
    shown = {
        "picture": picture,
        "alt": alt,
        "found": found,
        "states": LOOKS,
        "totals": {state: sum(own[state] for own in counts.values()) for state in LOOKS},
        "drawn": drawn.strftime("%Y-%m-%d %H:%M:%S"),
    }
    return rendered(NAME, Page("graph.html", "Artifact graph", "", {}, shown), common)


def by_stage(found: Sequence[Stock]) -> dict[str, dict[str, int]]:
    """Return stage -> state -> number of artifacts, over all forget sets."""
    counts: dict[str, dict[str, int]] = {}
    for own in found:
        total = counts.setdefault(own.stage, dict.fromkeys(LOOKS, 0))
        for state, count in own.counts.items():
            total[state] += count
    return counts


@styled
def stage_graph(counts: Mapping[str, Mapping[str, int]], made_of: Mapping[str, set[str]]) -> Figure:
    """Return the graph from top to bottom: a box per stage below all that it is made of, with its counts by state."""
    levels = levels_of([*counts], made_of)
    rows = [
        [stage for stage in counts if levels[stage] == level] for level in range(max(levels.values(), default=0) + 1)
    ]
    figure = Figure(figsize=(WIDTH, LEVEL * len(rows) + 0.1))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, WIDTH), ylim=(-LEVEL * len(rows), 0.1))
    middle = {
        stage: (WIDTH * (at + 0.5) / len(row), -LEVEL * (level + 0.5))
        for level, row in enumerate(rows)
        for at, stage in enumerate(row)
    }
    width, height = min(BOX[0], 0.94 * WIDTH / max(map(len, rows))), BOX[1]
    for stage in middle:
        for source in sorted(made_of.get(stage, set()) & {*middle}):
            ends = [(x, y + sign * height / 2) for (x, y), sign in ((middle[source], -1), (middle[stage], 1))]
            axes.add_patch(FancyArrowPatch(*ends, arrowstyle="-", color=MUTED, linewidth=0.8, shrinkA=0, shrinkB=0))
    for stage, (x, y) in middle.items():
        colour, line = LOOKS[next((state for state in WORST if counts[stage][state]), "present")]
        corner = (x - width / 2, y - height / 2)
        style: dict[str, Any] = {"facecolor": colour, "edgecolor": "#1a1a1a", "linestyle": line, "linewidth": 1.0}
        axes.add_patch(FancyBboxPatch(corner, width, height, boxstyle="round,pad=0,rounding_size=0.06", **style))
        axes.text(x, y + 0.09, stage, ha="center", va="center", fontsize=8.5, fontweight="bold")
        axes.text(x, y - 0.11, _counted(counts[stage]), ha="center", va="center", fontsize=7.5)
    return figure


def levels_of(stages: Sequence[str], made_of: Mapping[str, set[str]]) -> dict[str, int]:
    """Return stage -> its level: 0, or one more than that of the deepest stage of those that it is made of."""
    levels: dict[str, int] = dict.fromkeys(stages, 0)
    for _ in stages:  # no path is longer; records that are forged may form a circle
        for stage in stages:
            sources = [levels[source] for source in made_of.get(stage, ()) if source in levels]
            levels[stage] = min(len(stages), 1 + max(sources)) if sources else 0
    return levels


def _counted(counts: Mapping[str, int]) -> str:
    """Counts by state, in one line; the states that nothing is in are left out."""
    named = {"present": "present", "out of date": "old", "missing": "missing", "not configured": "other"}
    return ", ".join(f"{counts[state]:,} {word}" for state, word in named.items() if counts[state])
