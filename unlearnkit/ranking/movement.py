"""Two leaderboards compared: do they order the methods that both rank alike, and who moved?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from unlearnkit.errors import ArtifactError

Document = Mapping[str, Any]


def compared(old: Document, new: Document) -> dict[str, Any]:
    """Return, for every ranking that both have, Kendall's tau over the common methods and their ranks among them.

    Under "rankings", per metric and overall: `tau` in [-1, 1] (1: the same order) with its p value, None for fewer than
    two common methods or where all tie; `moved`, rows of method, old and new rank among the common ones, group before
    and after. `only_old` and `only_new` name methods that one of them ranks, `changed` those whose settings differ.
    Raises ArtifactError, with what differs, if metrics, rule or protocol are not the same.
    """
    _require_comparable(old, new)
    ranked = [
        {entry["method"] for ranking in board["rankings"] for entry in ranking["entries"]} for board in (old, new)
    ]
    common = ranked[0] & ranked[1]
    return {
        "common": sorted(common),
        "only_old": sorted(ranked[0] - common),
        "only_new": sorted(ranked[1] - common),
        "changed": sorted(name for name in common if old["variants"][name] != new["variants"][name]),
        "rankings": [
            _movement(before, after, common)
            for before in old["rankings"]
            for after in new["rankings"]
            if before["of"] == after["of"]
        ],
    }


def is_leaderboard(document: Any) -> bool:
    """Return whether a document that was read has what `compared` looks at."""
    blocks, of_entry = ("rule", "metrics", "protocol", "variants"), {"method", "score", "group"}
    if not isinstance(document, Mapping) or not {"format", "rankings", *blocks} <= document.keys():
        return False
    rankings = document["rankings"]
    if not all(isinstance(document[name], Mapping) for name in blocks) or not isinstance(rankings, list):
        return False
    whole = all(isinstance(own, Mapping) and {"of", "entries"} <= own.keys() for own in rankings)
    entries = [entry for own in rankings for entry in own["entries"]] if whole else [None]
    return all(
        isinstance(entry, Mapping) and of_entry <= entry.keys() and entry["method"] in document["variants"]
        for entry in entries
    )


def _movement(before: Document, after: Document, common: set[str]) -> dict[str, Any]:
    entries = [{e["method"]: e for e in board["entries"] if e["method"] in common} for board in (before, after)]
    names = list(entries[0])
    scores = [np.array([own[name]["score"] for name in names]) for own in entries]
    ranks = [[1 + int((own < score).sum()) for score in own] for own in scores]
    found: Any = kendalltau(*scores) if len(names) > 1 else None
    tau, p = (np.nan, np.nan) if found is None else (found.statistic, found.pvalue)
    return {
        "of": before["of"],
        "tau": float(tau) if np.isfinite(tau) else None,
        "p": float(p) if np.isfinite(p) else None,
        "moved": [
            {
                "method": name,
                "old": old_rank,
                "new": new_rank,
                "old_group": entries[0][name]["group"],
                "new_group": entries[1][name]["group"],
            }
            for name, old_rank, new_rank in zip(names, *ranks, strict=True)
        ],
    }


def _require_comparable(old: Document, new: Document) -> None:
    for part in ("format", "rule", "metrics", "protocol"):
        if differing := list(_differences(old[part], new[part], part)):
            more = f", and {len(differing) - 3} more" if len(differing) > 3 else ""
            raise ArtifactError(
                f"the leaderboards differ in their {part}: {'; '.join(differing[:3])}{more}",
                expected="the same metrics, rule and protocol: ranks of others say nothing about the methods",
                remedy="compare leaderboards of the same data, model, recipe, forget sets, N and metrics",
            )


def _differences(old: Any, new: Any, key: str) -> list[str]:
    """Return "key: old against new" of every value that differs."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return [line for name in {**old, **new} for line in _differences(old.get(name), new.get(name), f"{key}.{name}")]
    return [] if old == new else [f"{key} is {_short(old)} against {_short(new)}"]


def _short(value: Any) -> str:
    text = "absent" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
