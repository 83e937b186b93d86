"""The leaderboard as one document of plain values: rankings per metric and overall, and what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unlearnkit.ranking.cells import Cell
from unlearnkit.ranking.significance import (
    LEVEL,
    cliques,
    critical_difference,
    false_discovery,
    friedman,
    pairwise,
)
from unlearnkit.ranking.standing import GROUPS, group_confidence, ranks, scores_of, three_groups

OVERALL = "overall"
RESAMPLES = 1000
RULE = {
    "distance": "distance to the ideal of the headline measure, mean over its splits, at the last epoch",
    "score": "overall: mean rank over comparisons; of a metric: mean distance over forget sets; lower is better",
    "groups": "three groups of the scores with the least squared deviations within groups (1-D k-means, exact)",
    "level": LEVEL,
    "resamples": RESAMPLES,
}
"""What is ranked and how: two leaderboards are comparable only if they have the same rule."""

Document = dict[str, Any]


def rankings(methods: Sequence[str], cells: Sequence[Cell], rng: np.random.Generator) -> list[Document]:
    """Return the overall ranking of `methods` and that of every metric: scores, ranks, groups and tests.

    A ranking states under "cannot" what it cannot say and why, in sentences; what is missing is None.
    """
    metrics = dict.fromkeys(cell.metric for cell in cells)
    by_name = {OVERALL: list(cells), **{name: [cell for cell in cells if cell.metric == name] for name in metrics}}
    floor = at_floor(cells)
    found = []
    for (name, chosen), generator in zip(by_name.items(), rng.spawn(len(by_name)), strict=True):
        at = [index for index, cell in enumerate(cells) if name in (OVERALL, cell.metric)]
        found.append(_ranking(name, methods, chosen, floor[at], generator))
    return found


def at_floor(cells: Sequence[Cell]) -> NDArray[np.float64]:
    """Return p values of the comparisons with the floor, [cells, methods], corrected for their number; NaN: unknown."""
    return false_discovery(np.array([cell.floor_p_values() for cell in cells]))


def cell_rows(methods: Sequence[str], cells: Sequence[Cell]) -> list[Document]:
    """Return a row per cell and method: distance, rank, and the comparison with the floor."""
    distances = np.array([cell.distances() for cell in cells])
    ranked, corrected = ranks(distances), at_floor(cells)
    raw = np.array([cell.floor_p_values() for cell in cells])
    return [
        {
            "forget_set": cell.forget_set,
            "metric": cell.metric,
            "method": method,
            "distance": float(distances[row, column]),
            "rank": float(ranked[row, column]),
            "floor_p": _known(raw[row, column]),
            "floor_p_corrected": _known(corrected[row, column]),
        }
        for row, cell in enumerate(cells)
        for column, method in enumerate(methods)
    ]


def _ranking(
    name: str, methods: Sequence[str], cells: Sequence[Cell], floor: NDArray[np.float64], rng: np.random.Generator
) -> Document:
    by_rank = name == OVERALL
    distances = np.array([cell.distances() for cell in cells])
    ranked, scores = ranks(distances), scores_of(distances, by_rank)
    values = np.mean([cell.values.mean(axis=1) for cell in cells], axis=0)
    grouped = len(methods) >= len(GROUPS)
    moves = len(cells) > 1 or any(np.isfinite(cell.errors).any() for cell in cells)
    sure = group_confidence(cells, by_rank=by_rank, rng=rng, resamples=RESAMPLES) if grouped and moves else None
    difference = critical_difference(len(methods), len(cells))
    test = friedman(distances)
    entries = [
        {
            "method": method,
            "rank": 1 + int((scores < score).sum()),
            "tied": int((scores == score).sum()) > 1,
            "score": float(score),
            "value": None if by_rank else float(values[column]),
            **_group(column, scores, sure, grouped),
            **_marks(ranked.mean(axis=0), column, difference, floor[:, column]),
        }
        for column, (method, score) in enumerate(zip(methods, scores, strict=True))
    ]
    return {
        "of": name,
        "cells": len(cells),
        "score": "mean rank" if by_rank else "mean distance",
        "entries": sorted(entries, key=lambda entry: (entry["score"], entry["mean_rank"])),
        "friedman": None if test is None else {"statistic": test[0], "p": test[1]},
        "critical_difference": difference,
        "cliques": _cliques(methods, ranked.mean(axis=0), difference),
        "pairs": _pairs(methods, ranked if by_rank else distances),
        "cannot": _cannot(len(methods), cells, moves, floor),
    }


def _group(column: int, scores: NDArray[np.float64], confidence: NDArray[np.float64] | None, grouped: bool) -> Document:
    """The group of a method, and the share of draws in which it is in each."""
    shares = None if confidence is None else dict(zip(GROUPS, confidence[column].tolist(), strict=True))
    return {"group": GROUPS[three_groups(scores)[column]] if grouped else None, "confidence": shares}


def _marks(
    mean_ranks: NDArray[np.float64], column: int, difference: float | None, floor: NDArray[np.float64]
) -> Document:
    """What a method cannot be distinguished from: the best one, and the floor."""
    mean_rank = mean_ranks[column]
    return {
        "mean_rank": float(mean_rank),
        "like_the_best": None if difference is None else bool(mean_rank <= mean_ranks.min() + difference),
        "at_floor": int((floor >= LEVEL).sum()),
        "compared_with_floor": int(np.isfinite(floor).sum()),
    }


def _cliques(methods: Sequence[str], mean_ranks: NDArray[np.float64], difference: float | None) -> list[list[str]]:
    if difference is None:
        return []
    order: list[int] = np.argsort(mean_ranks, kind="stable").tolist()
    ordered = [methods[at] for at in order]
    return [ordered[first : last + 1] for first, last in cliques(mean_ranks, difference)]


def _pairs(methods: Sequence[str], scores: NDArray[np.float64]) -> list[Document]:
    if len(scores) < 2:
        return []
    found = pairwise(scores)
    return [{"a": methods[a], "b": methods[b], "p": p, "p_holm": corrected} for a, b, p, corrected in found]


def _cannot(variants: int, cells: Sequence[Cell], moves: bool, floor: NDArray[np.float64]) -> list[str]:
    """What a ranking cannot say, with the reason, in sentences; to readers a cell is a comparison."""
    found, count = [], len(cells)
    if variants < len(GROUPS):
        there = f"there {'is' if variants == 1 else 'are'} {variants}"
        found.append(f"Groups of variants and a test of all of them together need three variants, and {there}.")
    elif not moves:
        found.append(
            "How sure the group of a variant is remains unknown: there is one comparison (forget set × metric), and "
            "its values have no intervals over models."
        )
    if variants > 1 and count < 2:
        found.append(
            "Whether a difference between variants is chance cannot be tested: tests need two comparisons (forget "
            "set × metric) or more, and there is one."
        )
    elif variants > 1 and (least := 2.0 ** (1 - count)) >= LEVEL:
        found.append(
            f"No two variants can be shown to differ: a p value would have to be below {LEVEL:g}, and with {count} "
            f"comparisons (forget set × metric) none can be below {least:g}."
        )
    if unsure := dict.fromkeys(cell.metric for cell in cells if not np.isfinite(cell.errors).any()):
        found.append(f"Other models might have ranked differently: {', '.join(unsure)} has no intervals over models.")
    if unknown := int(np.isnan(floor).sum()):
        found.append(
            f"Whether {unknown} of {floor.size} values are at the floor cannot be tested: this needs intervals over "
            "models of both the variant and the oracles."
        )
    return found


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
