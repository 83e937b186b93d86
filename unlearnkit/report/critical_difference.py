"""The critical-difference diagram: mean ranks on a line, bars over variants that do not differ. Source: Demsar 2006."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from unlearnkit.report.style import MUTED, ORACLE, WIDTH, styled

ROW = 0.28  # inches per variant
NONE = "nothing is ranked"


@styled
def critical_difference_diagram(ranking: Mapping[str, Any] | None) -> Figure:
    """Return the diagram of a ranking (`ranking.board.rankings`); one that says so if there is none.

    The best are at the left. Without a critical difference there are neither scale nor bars, and the reason is given.
    """
    entries = sorted(ranking["entries"], key=lambda entry: entry["mean_rank"]) if ranking else []
    bars = ranking["cliques"] if ranking else []
    below, height = (len(entries) + 1) // 2, len(bars) * 0.35
    figure = Figure(figsize=(WIDTH, 1.1 + ROW * (below + len(bars))), layout="constrained")
    axes = figure.add_subplot()
    axes.set_axis_off()
    if ranking is None or not entries:
        axes.text(0.5, 0.5, NONE, ha="center", transform=axes.transAxes, color=MUTED)
        return figure
    last = max(len(entries), 2)
    room = 0.45 * (last - 1)
    axes.set(xlim=(1 - room, last + room), ylim=(-height - below - 0.5, 2.2))
    _draw_scale(axes, last, ranking["critical_difference"])
    for position, entry in enumerate(entries):
        left = position < below
        row = -height - 0.7 - (position if left else len(entries) - 1 - position)
        end = 1 - 0.05 * room if left else last + 0.05 * room
        axes.plot([entry["mean_rank"], entry["mean_rank"], end], [0, row, row], color=MUTED, linewidth=0.8)
        name = (
            f"{entry['method']}  {entry['mean_rank']:.2f}" if left else f"{entry['mean_rank']:.2f}  {entry['method']}"
        )
        axes.text(end, row, f"{name} " if left else f" {name}", ha="right" if left else "left", va="center", fontsize=8)
    rank_of = {entry["method"]: entry["mean_rank"] for entry in entries}
    for level, names in enumerate(bars):
        ends = [rank_of[names[0]] - 0.02 * last, rank_of[names[-1]] + 0.02 * last]
        axes.plot(ends, [-0.3 - 0.35 * level] * 2, color=ORACLE, linewidth=3, solid_capstyle="butt")
    return figure


def _draw_scale(axes: Axes, last: int, difference: float | None) -> None:
    """The line of ranks and, above it, the critical difference."""
    axes.plot([1, last], [0, 0], color="black", linewidth=1)
    for rank in range(1, last + 1):
        axes.plot([rank, rank], [0, 0.15], color="black", linewidth=1)
        axes.text(rank, 0.3, str(rank), ha="center", fontsize=8)
    if difference is None:
        axes.text(1, 1.5, "mean rank; no critical difference: too few variants or comparisons", fontsize=8, color=MUTED)
        return
    axes.plot([1, 1 + difference], [1.3, 1.3], color="black", linewidth=1.5)
    axes.text(1, 1.5, f"critical difference {difference:.2f} (Nemenyi, 5 %)", fontsize=8)
