"""The figure of margins of a forget set: over models of samples that say most, or over samples of single models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from unlearnkit.artifacts.margins import Margins
from unlearnkit.report.densities import margin_densities, telling_samples
from unlearnkit.report.sample_margins import sample_margins
from unlearnkit.report.words import words_of


def margins_figure(
    read: Mapping[str, Mapping[int, Margins]], members: np.ndarray, settings: Mapping[str, Any]
) -> Figure:
    """Return the figure from candidate -> epoch -> margins, of which the last epoch is drawn.

    `members` are the training indices of the forget set, `settings` those of `ReportGraph.figure_slice`: which value of
    a sample is drawn, and whether over samples.
    """
    words, value = words_of(settings), settings.get("value", "margin_mean")
    margins, unseen, sample_index = {}, {}, np.array([], np.int64)
    for candidate, by_epoch in read.items():
        final = by_epoch[max(by_epoch)]
        trained = np.flatnonzero((final.split == "train") & np.isin(final.sample_index, members))
        shown = final.value(value)
        margins[candidate], sample_index = shown[:, trained], final.sample_index[trained]
        unseen[candidate] = shown[:, final.split == "validation"]
    if settings.get("margins_over") == "samples":
        return sample_margins({"forget": margins, "validation": unseen}, words)
    original, oracle = margins.pop("original"), margins.pop("oracle")
    chosen = telling_samples(original, oracle)
    return margin_densities(original, oracle, margins, chosen, sample_index.tolist(), words)
