"""Margins over samples: what is drawn of single models, and where there are no oracles to choose samples by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from unlearnkit.report.style import MUTED, ORACLE, ORIGINAL, UNLEARNED, WIDTH, row_name, styled
from unlearnkit.report.words import IMAGES, Words

BINS = 40
_FILLED = {"original": ("originals", ORIGINAL), "oracle": ("oracles", ORACLE)}


@styled
def sample_margins(by_split: Mapping[str, Mapping[str, np.ndarray]], words: Words = IMAGES) -> Figure:
    """Return histograms of margins over the samples of each split, a column per split and a row per variant.

    `by_split` split -> candidate -> margins [models, samples], nats; the candidates "original" and "oracle" (if it is
    there) are filled in every row, the others are one row each. Several models are counted together. Non-finite margins
    (failed models) are left out, and a row without any other is labelled as failed.
    """
    candidates = list(next(iter(by_split.values())))
    rows = [name for name in candidates if name not in _FILLED] or [""]
    figure = Figure(figsize=(WIDTH, 1.1 + 0.85 * len(rows)), layout="constrained")
    grid = figure.subplots(len(rows), len(by_split), sharex=True, squeeze=False)
    edges = _edges([margins for by_candidate in by_split.values() for margins in by_candidate.values()])
    for column, (split, by_candidate) in enumerate(by_split.items()):
        for axes, name in zip(grid[:, column], rows, strict=True):
            _draw_row(axes, by_candidate, name, edges)
        grid[0, column].set_title(f"{split} {words.samples}", fontsize=9)
    for axes, name in zip(grid[:, 0], rows, strict=True):
        axes.set_ylabel(row_name(name), rotation=0, ha="right", va="center", fontsize=8)
    _finish(figure, candidates, words)
    return figure


def _draw_row(axes: Axes, by_candidate: Mapping[str, np.ndarray], name: str, edges: np.ndarray) -> None:
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    for reference, (_, colour) in _FILLED.items():
        if reference in by_candidate:
            _draw(axes, by_candidate[reference], edges, fill=True, color=f"{colour}66", linewidth=0)
    if name and not _draw(axes, by_candidate[name], edges, color=UNLEARNED, linewidth=1.2):
        axes.text(0.02, 0.8, "models failed", transform=axes.transAxes, color=MUTED, fontsize=8)


def _finish(figure: Figure, candidates: list[str], words: Words) -> None:
    figure.supxlabel(f"{words.margin} [nats]", fontsize=9)
    filled = [Patch(color=f"{colour}66", label=text) for name, (text, colour) in _FILLED.items() if name in candidates]
    handles = [*filled, Line2D([], [], color=UNLEARNED, linewidth=1.2, label="unlearned")]
    figure.legend(handles=handles, loc="outside upper right", ncols=3, frameon=False, fontsize=8.5)


def _edges(margins: list[np.ndarray]) -> np.ndarray:
    values = np.concatenate([_finite(numbers) for numbers in margins])
    low, high = np.percentile(values, [0.5, 99.5]) if values.size else (0.0, 1.0)
    return np.linspace(low, high if high > low else low + 1.0, BINS + 1)


def _draw(axes: Axes, margins: np.ndarray, edges: np.ndarray, **style: object) -> bool:
    """Draw the shares of finite margins per bin, the outermost ones with all beyond them; False if there are none."""
    values = _finite(margins)
    if values.size:
        counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
        axes.stairs(counts / values.size, edges, **style)  # pyright: ignore[reportArgumentType]
    return bool(values.size)


def _finite(margins: np.ndarray) -> np.ndarray:
    values = np.asarray(margins, float)
    return values[np.isfinite(values)]
