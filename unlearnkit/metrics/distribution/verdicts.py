"""Verdicts of a relative test over all forget sets: corrected for their number, and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = dict[str, Any]

UNKNOWN: Row = {"nearer_to": None, "p_holm": None}


def verdict_of(p_oracle: float, p_original: float, level: float) -> int:
    """Return -1 for nearer to the oracles, 1 for nearer to the originals, 0 for undecided, at a two-sided level."""
    return -1 if p_oracle <= level / 2 else int(p_original <= level / 2)


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """Return p values that hold together: the k-th smallest of n times n - k + 1, none below a smaller one (Holm 1979).

    Their error rate over the whole family is controlled under any dependence. Values are at most 1, order is kept.
    """
    values = np.asarray(p_values, np.float64)
    order = np.argsort(values, kind="stable")
    scaled = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(scaled, 1)
    return adjusted


def concluded(rows: Sequence[Mapping[str, Any]], level: float, permutations: int) -> list[Row]:
    """Return table rows with the two-sided p value, corrected over forget sets, and the verdict in a word.

    `rows` are summary rows of all forget sets and candidates. `p_holm` is 2 min(p_oracle, p_original) on the forget
    samples, corrected over the forget sets of a candidate and epoch; `nearer_to` is "oracles", "originals" or
    "undecided", where `p_holm` is at most `level` or not, and "too few models" where the least p value of their
    exchanges is not. Both are None for candidates with failed models, and on forget sets that settings were searched on
    (rows with `tuned_here`) if there are others: those are not part of the family.
    """
    searched = {row["forget_set"] for row in rows if row.get("tuned_here")}
    if searched == {row["forget_set"] for row in rows}:
        searched = set()
    values = {
        (row["candidate"], row["epoch"], row["forget_set"], row["measure"]): row["mean"]
        for row in rows
        if row["split"] == "forget" and row["forget_set"] not in searched
    }
    models = {(row["candidate"], row["epoch"]): row["n_models"] for row in rows}
    families: dict[tuple[str, int], list[str]] = {}
    for candidate, epoch, forget_set, measure in values:
        if measure == "p_oracle" and values[candidate, epoch, forget_set, measure] is not None:
            families.setdefault((candidate, epoch), []).append(forget_set)
    found: dict[tuple[str, int, str], Row] = {}
    for key, names in families.items():
        pairs = [(values[*key, name, "p_oracle"], values[*key, name, "p_original"]) for name in names]
        adjusted = holm([min(1.0, 2 * min(pair)) for pair in pairs])
        least = len(names) * max(2.0 ** (1 - models[key]), 2 / (permutations + 1))
        none = "undecided" if least <= level else "too few models"
        for name, (oracle, original), p_value in zip(names, pairs, adjusted.tolist(), strict=True):
            nearer = "oracles" if oracle < original else "originals"
            found[*key, name] = {"nearer_to": nearer if p_value <= level else none, "p_holm": p_value}
    return [{**row, **found.get((row["candidate"], row["epoch"], row["forget_set"]), UNKNOWN)} for row in rows]
