"""Two leaderboards compared: do they order the methods that both rank alike, and which moved?"""

from __future__ import annotations

import json
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


def fault_of(document: Any) -> str:
    """Return what a document that was read lacks of what `compared` looks at; nothing for a leaderboard."""
    blocks = ("rule", "metrics", "protocol", "variants")
    if not isinstance(document, Mapping):
        return "it is no mapping"
    if missing := [name for name in ("format", "rankings", *blocks) if name not in document]:
        return f"it has no {', '.join(missing)}"
    if wrong := [name for name in blocks if not isinstance(document[name], Mapping)]:
        return f"{', '.join(wrong)} is no mapping"
    rankings = document["rankings"]
    if not isinstance(rankings, list) or not all(map(_is_ranking, rankings)):
        return "rankings is no list of rankings with entries"
    ranked = [{entry["method"] for entry in ranking["entries"]} for ranking in rankings]
    if any(names != ranked[0] or not names <= document["variants"].keys() for names in ranked):
        return "its rankings are not all of the same variants"
    return next(
        (fault for ranking in rankings for entry in ranking["entries"] if (fault := _fault_of_score(ranking, entry))),
        "",
    )


def _is_ranking(ranking: Any) -> bool:
    if not isinstance(ranking, Mapping) or not isinstance(ranking.get("entries"), list) or "of" not in ranking:
        return False
    entries = ranking["entries"]
    whole = all(isinstance(entry, Mapping) and {"method", "score", "group"} <= entry.keys() for entry in entries)
    return whole and all(isinstance(entry["method"], str) for entry in entries)


def _fault_of_score(ranking: Document, entry: Document) -> str:
    score = entry["score"]
    if isinstance(score, int | float) and not isinstance(score, bool) and np.isfinite(score):
        return ""
    return f"the score of {entry['method']} in the ranking {ranking['of']} is {json.dumps(score)}, not a number"


def _movement(before: Document, after: Document, common: set[str]) -> dict[str, Any]:
    entries = [{e["method"]: e for e in board["entries"] if e["method"] in common} for board in (before, after)]
    names = list(entries[0])
    scores = [np.array([by_method[name]["score"] for name in names]) for by_method in entries]
    ranks = [[1 + int((of_board < score).sum()) for score in of_board] for of_board in scores]
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
