"""Curves of originals and oracles: do both train alike, apart from what the oracles never see?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from unlearnkit.report.style import MUTED, ORACLE, ORIGINAL, WIDTH, styled

MOST_POINTS = 200
"""Points of a curve: further rows are averaged, so that the file stays small whatever the number of steps."""
COLOURS = {"original": ("originals", ORIGINAL), "oracle": ("oracles", ORACLE)}


PANELS = {"loss": "training loss [nats]", "accuracy": "training accuracy"}
"""What is drawn of images, a panel each."""


def training_curves(read: Mapping[str, Sequence[pa.Table]]) -> Figure:
    """Return the figure of curve tables, "original" and "oracle" -> tables, as text or images have them.

    Models that were trained by a version that recorded no curves are not drawn.
    """
    tables = {name: pa.concat_tables(parts) for name, parts in read.items()}
    if "tokens" in next(iter(tables.values())).column_names:
        return loss_curves({name: curve_columns([table]) for name, table in tables.items()})
    shown = {name: table for name, table in tables.items() if len(table)}
    return epoch_curves({name: curve_columns([table], "epoch", [*PANELS]) for name, table in shown.items()})


def curve_columns(
    tables: Sequence[pa.Table], along: str = "tokens", values: Sequence[str] = ("loss",)
) -> dict[str, np.ndarray]:
    """Return `along` [rows] and each of `values` [models, rows] of curve tables of one population.

    Rows are of the steps or epochs that all models have: curves begin late where training went on with a version that
    records them. Raises IndexError without a row.
    """
    table = pa.concat_tables(tables)
    at = "step" if "step" in table.column_names else along
    column = {name: np.from_dlpack(table[name].combine_chunks()) for name in {"model", at, along, *values}}
    models = np.unique(column["model"])
    steps, count = np.unique(column[at], return_counts=True)
    shared = np.isin(column[at], steps[count == len(models)])
    of_model = {model: shared & (column["model"] == model) for model in models}
    found = {name: np.stack([column[name][rows] for rows in of_model.values()]) for name in values}
    return {along: column[along][of_model[models[0]]], **found}


@styled
def loss_curves(curves: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Return training losses against tokens seen, for "original" and "oracle" (as `curve_columns` gives them).

    The line is the mean over models, the band runs from the smallest to the largest. Non-finite losses are left out.
    """
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes = figure.add_subplot()
    _draw(axes, curves, "tokens", "loss")
    axes.set_xlabel("tokens seen")
    axes.set_ylabel("training loss [nats per token]")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(labelsize=8)
    axes.legend(frameon=False, fontsize=8.5, labelcolor=MUTED)
    return figure


@styled
def epoch_curves(curves: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Return training loss and accuracy against epochs, a panel each; drawn as those of `loss_curves` are."""
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        _draw(axes, curves, "epoch", name)
        axes.set_xlabel("epoch")
        axes.set_ylabel(title)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.tick_params(labelsize=8)
    if curves:
        figure.axes[-1].legend(frameon=False, fontsize=8.5, labelcolor=MUTED)
    return figure


def _draw(axes: Axes, curves: Mapping[str, Mapping[str, np.ndarray]], along: str, value: str) -> None:
    for name, columns in curves.items():
        label, colour = COLOURS[name]
        at, low, mean, high = _condensed(columns[along], columns[value])
        axes.fill_between(at, low, high, color=f"{colour}33", linewidth=0)
        axes.plot(at, mean, color=colour, linewidth=1.2, label=f"{label} ({len(columns[value])})")


def _condensed(at: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return where, and smallest, mean and largest value over models, of at most MOST_POINTS stretches of rows."""
    finite = np.ma.masked_invalid(value)
    stretches = np.array_split(np.arange(len(at)), min(len(at), MOST_POINTS))
    of_model = np.ma.stack([finite[:, rows].mean(axis=1) for rows in stretches])
    shown = of_model.count(axis=1) > 0
    ends = at[[rows[-1] for rows in stretches]]
    values = (of_model.min(axis=1), of_model.mean(axis=1), of_model.max(axis=1))
    return ends[shown], *(value[shown].data for value in values)
