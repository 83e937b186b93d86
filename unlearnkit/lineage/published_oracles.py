"""Published oracles whose margins are made here of their weights: tested before the margins are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from unlearnkit import layout
from unlearnkit.artifacts.margins import Margins, read_margins
from unlearnkit.artifacts.observations import Observed
from unlearnkit.artifacts.provenance import read_record
from unlearnkit.artifacts.store import read_array
from unlearnkit.metrics.distribution.lacking import NOT_TESTED, require_lacking

Keys = list[tuple[str, int]]


def oracle_facts(
    observed: Mapping[int, Observed],
    tested_with: Sequence[str],
    weights: str,
    population: str,
    report: Callable[[str], None],
) -> dict[str, Any]:
    """Return what a record states of the oracles whose margins were observed, epoch -> margins; nothing of others.

    `tested_with` are the files with the forget set and with the originals' margins, none where nothing is tested;
    `weights` are those of the oracles, whose record states where they come from. Samples are those that both were
    observed on. Raises DataError if the oracles were trained on the forget set.
    """
    if not tested_with:
        return {}
    name = population.partition("/")[2]
    forget, originals = read_array(tested_with[0]), [*read_margins(list(tested_with[1:])).values()]
    oracles = Margins.of([*observed.values()][-1])
    facts = _facts(originals[-1], oracles, forget, name, _place(weights))
    report(f"forget set {name}: {facts['verdict']}")
    return {"oracles": facts}


def _facts(originals: Margins, oracles: Margins, forget: np.ndarray, name: str, place: str) -> dict[str, Any]:
    places = {key: place for place, key in enumerate(_keys(originals))}
    shared = [(places[key], place, key) for place, key in enumerate(_keys(oracles)) if key in places]
    forgotten = {int(index) for index in forget}
    split = np.array([_part(*key, forgotten) for _, _, key in shared])
    if {*split} != {"forget", "retain", "validation"}:
        return {"verdict": NOT_TESTED, "models": len(oracles.margins)}
    ours, theirs = np.array([place for place, _, _ in shared]), np.array([place for _, place, _ in shared])
    return require_lacking(originals.margins[:, ours], oracles.margins[:, theirs], split, name, place)


def _place(weights: str) -> str:
    """Return a file that published weights come from, with its repository and commit, and how many others there are.

    It is the last of the record, which begins with the file of the forget set.
    """
    sources = read_record(layout.provenance(weights))["sources"]
    last = sources[-1]
    return f"{last['path']} at {last['revision'][:12]}, a shard of {len(sources) - 1} files,"


def _keys(margins: Margins) -> Keys:
    return [*zip(margins.split.tolist(), margins.sample_index.tolist(), strict=True)]


def _part(split: str, index: int, forgotten: set[int]) -> str:
    return split if split != "train" else "forget" if index in forgotten else "retain"
