"""A leaderboard from the tables of an experiment: who is ranked and who is not, by what, and the rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unlearnkit.ranking.board import RULE, Document, cell_rows, rankings
from unlearnkit.ranking.cells import Cell, cells_of

FORMAT = 1
Rows = Sequence[Mapping[str, Any]]


def leaderboard(
    settings: Mapping[str, Any], declared: Mapping[str, Any], tables: Mapping[str, Rows], *, seed: int
) -> Document:
    """Return the leaderboard of an experiment, which JSON can hold: the same settings, tables and seed give the same.

    `settings` are those of LeaderboardGraph.settings(): experiment, protocol, variants, and under "outside" the
    variants that are not ranked, with the reason; "tuned_on", if it is there, states variant -> the forget sets that
    its settings were searched on: such a forget set ranks nothing, unless all are. `declared` metric -> what its module
    declares, `tables` metric -> the rows of its table. Variants with failed models and metrics without a target are
    left out too, and named with the reason.
    """
    outside: dict[str, str] = dict(settings["outside"])
    methods = [name for name in settings["variants"] if name not in outside]
    for metric, rows in tables.items():
        outside |= cells_of(rows, metric, declared[metric], methods)[1]
    methods = [name for name in methods if name not in outside]
    cells: list[Cell] = []
    left_out: dict[str, str] = {}
    for metric, rows in tables.items():
        of_metric, _ = cells_of(rows, metric, declared[metric], methods)
        if why := _unranked(of_metric, declared[metric]):
            left_out[metric] = why
        else:
            cells += of_metric
    tuned_on = {who: sets for who, sets in settings.get("tuned_on", {}).items() if who in methods}
    seen = _searched(tuned_on, {cell.forget_set for cell in cells})
    cells = [cell for cell in cells if cell.forget_set not in seen]
    ranked = bool(methods and cells)
    return {
        "format": FORMAT,
        "experiment": settings["experiment"],
        "protocol": settings["protocol"],
        "rule": RULE,
        "metrics": {
            metric: _described(declared[metric], settings["metrics"][metric])
            for metric in tables
            if metric not in left_out
        },
        "metrics_left_out": left_out,
        "variants": settings["variants"],
        **({"tuned_on": {} if seen else tuned_on} if "tuned_on" in settings else {}),
        "forget_sets_left_out": seen,
        "outside": outside,
        "rankings": rankings(methods, cells, np.random.default_rng(seed)) if ranked else [],
        "cells": cell_rows(methods, cells) if ranked else [],
        "cannot": [] if ranked else ["Nothing is ranked: no variant and metric is left to rank by."],
    }


def _searched(tuned_on: Mapping[str, Sequence[str]], forget_sets: set[str]) -> dict[str, str]:
    """Return forget set -> why it ranks nothing: settings were searched on it, and others were not searched on."""
    found = {name: [who for who, sets in tuned_on.items() if name in sets] for name in sorted(forget_sets)}
    seen = {name: f"settings of {', '.join(who)} were searched on it" for name, who in found.items() if who}
    return seen if len(seen) < len(forget_sets) else {}


def _unranked(cells: Sequence[Cell], declared: Any) -> str | None:
    """Return why a metric cannot rank, None if it can; `declared` says why its headline may have no value."""
    if any(np.isnan(cell.values).all() and cell.values.size for cell in cells):
        why = declared.MEASURES[declared.HEADLINE].get("undefined")
        return f"it has no value{f' {why}' if why else ''}"
    if any(cell.direction == "match" and np.isnan(cell.floor).any() for cell in cells):
        return "its target is the oracles' value, and there are no oracles"
    if not cells or any(np.isnan(cell.values).any() for cell in cells):
        return "it has no value of some variant"
    return None


def _described(declared: Any, settings: Mapping[str, Any]) -> Document:
    headline = declared.MEASURES[declared.HEADLINE]
    return {
        "headline": declared.HEADLINE,
        "label": headline["label"],
        "statistic": declared.STATISTIC,
        "direction": headline["direction"],
        "unit": headline["unit"],
        "splits": list(headline["splits"]),
        "settings": dict(settings),
    }
