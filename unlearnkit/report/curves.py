"""Loss curves of originals and oracles: do both train alike, apart from what the oracles never see?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from matplotlib.figure import Figure

from unlearnkit.report.style import MUTED, ORACLE, ORIGINAL, WIDTH, styled

MOST_POINTS = 200
"""Points of a curve: further rows are averaged, so that the file stays small whatever the number of steps."""
COLOURS = {"original": ("originals", ORIGINAL), "oracle": ("oracles", ORACLE)}


def curve_columns(tables: Sequence[pa.Table]) -> dict[str, np.ndarray]:
    """Return "tokens" [rows] and "loss" [models, rows] of curve tables of one population.

    Rows are those that all models have: the model with the fewest recorded rows ends the curves. Raises ValueError
    without a row.
    """
    table = pa.concat_tables(tables)
    model, tokens, loss = (np.from_dlpack(table[name].combine_chunks()) for name in ("model", "tokens", "loss"))
    rows = min(np.unique(model, return_counts=True)[1])
    losses = np.stack([loss[model == index][:rows] for index in np.unique(model)])
    return {"tokens": tokens[model == model[0]][:rows], "loss": losses}


@styled
def loss_curves(curves: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """Return training losses against tokens seen, for "original" and "oracle" (as `curve_columns` gives them).

    The line is the mean over models, the band runs from the smallest to the largest. Non-finite losses are left out.
    """
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes = figure.add_subplot()
    for name, columns in curves.items():
        label, colour = COLOURS[name]
        tokens, low, mean, high = _condensed(columns["tokens"], columns["loss"])
        axes.fill_between(tokens, low, high, color=f"{colour}33", linewidth=0)
        axes.plot(tokens, mean, color=colour, linewidth=1.2, label=f"{label} ({len(columns['loss'])})")
    axes.set_xlabel("tokens seen")
    axes.set_ylabel("training loss [nats per token]")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(labelsize=8)
    axes.legend(frameon=False, fontsize=8.5, labelcolor=MUTED)
    return figure


def _condensed(tokens: np.ndarray, loss: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return tokens, smallest, mean and largest loss over models, of at most MOST_POINTS stretches of rows."""
    finite = np.ma.masked_invalid(loss)
    stretches = np.array_split(np.arange(len(tokens)), min(len(tokens), MOST_POINTS))
    of_model = np.ma.stack([finite[:, rows].mean(axis=1) for rows in stretches])
    shown = of_model.count(axis=1) > 0
    ends = tokens[[rows[-1] for rows in stretches]]
    values = (of_model.min(axis=1), of_model.mean(axis=1), of_model.max(axis=1))
    return ends[shown], *(value[shown].data for value in values)
