"""Margin densities of single forget samples: originals, oracles and unlearned models on one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from unlearnkit.report.style import ORACLE, ORIGINAL, UNLEARNED, WIDTH, row_name, styled
from unlearnkit.report.words import IMAGES, Words

BINS = 30
WIDENING = 0.25  # of the span of originals and oracles, shown on either side


def telling_samples(original: np.ndarray, oracle: np.ndarray) -> dict[str, int]:
    """Return the positions of the samples whose margins differ most, at the median and least: {name: position}.

    `original` and `oracle` are margins [models, samples] of the forget samples. Difference: of the means, over the root
    mean square of the standard deviations; unlike KLOM it does not saturate where the two do not overlap. Failed
    models are left out; where all originals or all oracles have failed, no sample is chosen: {}.
    """
    original, oracle = (_of_sound_models(margins) for margins in (original, oracle))
    if not (len(original) and len(oracle)):
        return {}
    spread = np.sqrt((original.var(axis=0) + oracle.var(axis=0)) / 2)
    difference = np.abs(original.mean(axis=0) - oracle.mean(axis=0)) / np.maximum(spread, np.finfo(float).tiny)
    order = np.argsort(-difference, kind="stable")
    return {"largest": int(order[0]), "median": int(order[len(order) // 2]), "smallest": int(order[-1])}


@styled
def margin_densities(
    original: np.ndarray,
    oracle: np.ndarray,
    unlearned: Mapping[str, np.ndarray],
    samples: Mapping[str, int],
    sample_index: Sequence[int],
    words: Words = IMAGES,
) -> Figure:
    """Return histograms of margins, a column per chosen sample and a row per variant.

    Margins [models, samples] of the forget samples, nats; `samples` as from `telling_samples`; `sample_index` gives
    each position its index in the training split. Margins beyond the shown range count in its first or last bin.
    Non-finite margins (failed models) are left out, and the row states how many models failed. Without samples the axes
    are empty, under a note that states what failed.
    """
    figure = Figure(figsize=(WIDTH, 1.1 + 0.85 * max(len(unlearned), 1)), layout="constrained")
    grid = figure.subplots(max(len(unlearned), 1), max(len(samples), 1), sharex="col", squeeze=False)
    for axes in grid.flat:
        axes.set_yticks([])
        axes.grid(visible=False)
        axes.spines["left"].set_visible(False)
    if not samples:
        _note_failure(grid[0, 0], original, oracle)
    for column, (rank, position) in enumerate(samples.items()):
        of_sample = [_of_sound_models(margins)[:, position] for margins in (original, oracle)]
        edges = _edges(np.concatenate(of_sample))
        for axes in grid[:, column]:
            for margins, colour in zip(of_sample, (ORIGINAL, ORACLE), strict=True):
                _draw(axes, margins, edges, fill=True, color=f"{colour}66", linewidth=0)
        for axes, margins in zip(grid[:, column], unlearned.values(), strict=False):
            _draw(axes, _of_sound_models(margins)[:, position], edges, color=UNLEARNED, linewidth=1.2)
        grid[0, column].set_title(f"{words.sample} {sample_index[position]}\n{rank} difference", fontsize=9)
    for axes, (name, margins) in zip(grid[:, 0], unlearned.items(), strict=False):
        failed = len(margins) - len(_of_sound_models(margins))
        text = row_name(name) + (f"\n{failed} of {len(margins)} failed" if failed else "")
        axes.set_ylabel(text, rotation=0, ha="right", va="center", fontsize=8)
    _finish(figure, words)
    return figure


def _note_failure(axes: Axes, original: np.ndarray, oracle: np.ndarray) -> None:
    pools = {"originals": original, "oracles": oracle}
    failed = [name for name, margins in pools.items() if not len(_of_sound_models(margins))]
    axes.set_title(f"all {' and '.join(failed)} failed", fontsize=9)
    axes.set_xticks([])


def _finish(figure: Figure, words: Words) -> None:
    figure.supxlabel(f"{words.margin} [nats]", fontsize=9)
    handles = (
        Patch(color=f"{ORIGINAL}66", label="originals"),
        Patch(color=f"{ORACLE}66", label="oracles"),
        Line2D([], [], color=UNLEARNED, linewidth=1.2, label="unlearned"),
    )
    figure.legend(handles=handles, loc="outside upper right", ncols=3, frameon=False, fontsize=8.5)


def _of_sound_models(margins: np.ndarray) -> np.ndarray:
    return np.asarray(margins, float)[np.isfinite(margins).all(axis=1)]


def _edges(margins: np.ndarray) -> np.ndarray:
    low, high = margins.min(), margins.max()
    widening = WIDENING * (high - low) or 1.0
    return np.linspace(low - widening, high + widening, BINS + 1)


def _draw(axes: Axes, margins: np.ndarray, edges: np.ndarray, **style: object) -> None:
    if len(margins):
        counts, _ = np.histogram(np.clip(margins, edges[0], edges[-1]), edges)
        axes.stairs(counts / len(margins), edges, **style)  # pyright: ignore[reportArgumentType]
