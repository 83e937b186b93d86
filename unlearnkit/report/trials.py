"""The trials of a search: one table of all studies, and how the best value fell with the number of trials."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from unlearnkit.report.style import MUTED, ORACLE, ORIGINAL, UNLEARNED, WIDTH, styled

Row = dict[str, Any]
_COLOURS = (ORACLE, ORIGINAL, "#009E73", "#CC79A7", "#E69F00", UNLEARNED)
"""Of studies, in turn: further colours of Okabe and Ito's palette."""


def trial_rows(studies: Sequence[Sequence[Mapping[str, Any]]]) -> list[Row]:
    """Return the trials of all studies with a column for every setting, which begins with "setting."; NaN is empty."""
    rows: list[Row] = []
    for study, trials in enumerate(studies):
        for trial in trials:
            values = {name: value for name, value in trial.items() if name != "settings"}
            settings = {f"setting.{name}": value for name, value in json.loads(trial["settings"]).items()}
            rows.append({"study": study, **{name: _empty_if_nan(value) for name, value in values.items()}, **settings})
    columns = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in columns} for row in rows]


def _empty_if_nan(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


@styled
def optimisation_curve(studies: Sequence[Sequence[Mapping[str, Any]]], search: str, objective: str) -> Figure:
    """Return the norm of every complete trial (points) and the smallest so far (line) against its number, per study."""
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes = figure.add_subplot()
    for study, trials in enumerate(studies):
        norms = np.array([trial["norm"] for trial in trials], dtype=np.float64)
        numbers, colour = np.arange(len(norms)), _COLOURS[study % len(_COLOURS)]
        lowest = np.fmin.accumulate(norms)
        axes.scatter(numbers, norms, s=12, color=f"{colour}77", linewidth=0)
        axes.step(numbers, lowest, where="post", color=colour, linewidth=1.2, label=f"study {study}")
    axes.set_xlabel(f"trial of {search}")
    axes.set_ylabel(f"norm of {objective} (0 is best)")
    axes.tick_params(labelsize=8)
    axes.legend(frameon=False, fontsize=8.5, labelcolor=MUTED)
    return figure
