"""The table `stops`: how far runs went that stop by what their models still know, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from unlearnkit.artifacts.stops import SEEN
from unlearnkit.report.numbers import shown
from unlearnkit.report.style import MUTED, WIDTH, styled
from unlearnkit.report.tables import markdown as table

COLUMNS = ("forget_set", "variant", "model", "epoch", "sequences", *SEEN)
NOTE = (
    "Means over the forget sequences, before the first epoch (0) and after every one until the run of a model stopped. "
    "active: the share that takes part in the next epoch; nll and divergence in nats, the others without unit."
)
PANELS = 3
"""Panels beside each other in the figure."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
Row = dict[str, Any]


def rows(forget_set: str, variant: str, seen: Mapping[str, np.ndarray]) -> list[Row]:
    """Return a row for every model and epoch of a variant: means over sequences, None where there is no value."""
    found = []
    for model in np.unique(seen["model"]):
        for epoch in np.unique(seen["epoch"][seen["model"] == model]):
            chosen = (seen["model"] == model) & (seen["epoch"] == epoch)
            means = {name: _mean(seen[name][chosen]) for name in SEEN}
            where = {"forget_set": forget_set, "variant": variant, "model": int(model), "epoch": int(epoch)}
            found.append({**where, "sequences": int(chosen.sum()), **means})
    return found


def markdown(rows: Sequence[Row]) -> str:
    """Return one Markdown table per forget set and variant: a line per model and epoch."""
    parts = [NOTE]
    for (forget_set, variant), group in _groups(rows).items():
        columns = [name for name in SEEN if any(row[name] is not None for row in group)]
        lines = [[str(row["model"]), str(row["epoch"]), *(shown(row[name]) for name in columns)] for row in group]
        parts.append(f"### {variant} on {forget_set}\n\n{table(['model', 'epoch', *columns], lines)}")
    return "\n\n".join(parts)


@styled
def figure(rows: Sequence[Row]) -> Figure:
    """Return a panel per forget set and variant: a line per model, the share of active sequences after every epoch.

    Of methods that leave out no sequence it is the memorisation accuracy, which stops them, dotted.
    """
    groups = _groups(rows)
    columns = max(1, min(PANELS, len(groups)))
    lines = max(1, -(-len(groups) // columns))
    drawn = Figure(figsize=(WIDTH, 2.6 * lines), layout="constrained")
    panels = drawn.subplots(lines, columns, squeeze=False).ravel()
    for axes in panels[len(groups) :]:
        axes.set_visible(False)
    for axes, ((forget_set, variant), group) in zip(panels, groups.items(), strict=False):
        flagged = any(row["active"] is not None for row in group)
        for number, model in enumerate(dict.fromkeys(row["model"] for row in group)):
            points = [row for row in group if row["model"] == model]
            epochs, values = ([row[name] for row in points] for name in ("epoch", "active" if flagged else "accuracy"))
            colour, style = COLOURS[number % len(COLOURS)], "-" if flagged else ":"
            axes.plot(
                epochs, values, style, color=colour, marker="o", markersize=2.5, linewidth=1, label=f"model {model}"
            )
        axes.set_title(f"{variant} on {forget_set}", fontsize=8)
        axes.set_xlabel("epoch", fontsize=7)
        axes.set_ylabel("share of active sequences" if flagged else "memorisation accuracy", fontsize=7)
        axes.set_ylim(-0.03, 1.03)
        axes.legend(frameon=False, fontsize=6.5, labelcolor=MUTED)
    return drawn


def _mean(values: np.ndarray) -> float | None:
    defined = values[~np.isnan(values)]
    return float(defined.mean(dtype=np.float64)) if len(defined) else None


def _groups(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """The rows of each forget set and variant."""
    keys = dict.fromkeys((row["forget_set"], row["variant"]) for row in rows)
    return {key: [row for row in rows if (row["forget_set"], row["variant"]) == key] for key in keys}
