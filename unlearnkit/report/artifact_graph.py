"""The page with the artifact graph: stages, what they are made of, and what of them was there when it was drawn."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from unlearnkit.report.markup import inline
from unlearnkit.report.passive import require_passive
from unlearnkit.report.site import Page, rendered
from unlearnkit.report.stage_layout import placed
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
    configuration: str = "",
) -> str:
    """Return the page as HTML: the graph, and a table that says the same and names what is not present.

    `made_of` stage -> the stages that it is made of, `configuration` the option by which a command names the
    configuration.
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
        "totals": {state: sum(by_state[state] for by_state in counts.values()) for state in LOOKS},
        "configuration": configuration,
        "drawn": drawn.strftime("%Y-%m-%d %H:%M:%S"),
    }
    return rendered(NAME, Page("graph.html", "Artifact graph", "", {}, shown), common)


def by_stage(found: Sequence[Stock]) -> dict[str, dict[str, int]]:
    """Return stage -> state -> number of artifacts, over all forget sets."""
    counts: dict[str, dict[str, int]] = {}
    for stock in found:
        total = counts.setdefault(stock.stage, dict.fromkeys(LOOKS, 0))
        for state, count in stock.counts.items():
            total[state] += count
    return counts


@styled
def stage_graph(counts: Mapping[str, Mapping[str, int]], made_of: Mapping[str, set[str]]) -> Figure:
    """Return the graph from top to bottom: a box per stage below all that it is made of, with its counts by state."""
    middles, lines = placed([*counts], made_of)
    depth = 1 + max((level for _, level in middles.values()), default=-1)
    widest = max((2 * abs(x) for x, _ in middles.values()), default=0.0) + 1
    across, (width, height) = min(WIDTH / widest, 1.35 * BOX[0]), BOX
    width = min(width, 0.9 * across)
    figure = Figure(figsize=(WIDTH, LEVEL * depth + 0.1))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, WIDTH), ylim=(-LEVEL * depth, 0.1))
    middle = {slot: (WIDTH / 2 + across * x, -LEVEL * (level + 0.5)) for slot, (x, level) in middles.items()}
    for line in lines:
        ends = [(x, y + sign * height / 2) for (x, y), sign in zip(map(middle.__getitem__, line), (-1, 1), strict=True)]
        axes.plot(*zip(*ends, strict=True), color=MUTED, linewidth=0.8)
    for x, y in (middle[slot] for slot in middle if not isinstance(slot, str)):
        axes.plot((x, x), (y - height / 2, y + height / 2), color=MUTED, linewidth=0.8)
    for stage, (x, y) in ((slot, place) for slot, place in middle.items() if isinstance(slot, str)):
        colour, line = LOOKS[next((state for state in WORST if counts[stage][state]), "present")]
        corner = (x - width / 2, y - height / 2)
        style: dict[str, Any] = {"facecolor": colour, "edgecolor": "#1a1a1a", "linestyle": line, "linewidth": 1.0}
        axes.add_patch(FancyBboxPatch(corner, width, height, boxstyle="round,pad=0,rounding_size=0.06", **style))
        axes.text(x, y + 0.09, stage, ha="center", va="center", fontsize=8.5, fontweight="bold")
        axes.text(x, y - 0.11, _counted(counts[stage]), ha="center", va="center", fontsize=7.5)
    return figure


def _counted(counts: Mapping[str, int]) -> str:
    """Counts by state, in one line; the states that nothing is in are left out."""
    named = {"present": "present", "out of date": "old", "missing": "missing", "not configured": "other"}
    return ", ".join(f"{counts[state]:,} {word}" for state, word in named.items() if counts[state])
