"""`unlearnkit diff`: how two result folders differ, and why."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from unlearnkit.errors import ArtifactError, UnlearnkitError
from unlearnkit.lineage.causes import DAMAGED, Cause
from unlearnkit.lineage.comparison import Comparison, compare
from unlearnkit.lineage.progress import Progress
from unlearnkit.lineage.records import Results, experiments
from unlearnkit.lineage.values import value_differences
from unlearnkit.places import place_of

SHOWN = 10
"""Values and names that are printed; JSON has all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the two folders and --json."""
    parser.add_argument("old", type=Path, metavar="A", help="results of an experiment, such as results/digits")
    parser.add_argument("new", type=Path, metavar="B", help="results to compare with them")
    parser.add_argument("--json", action="store_true", help="the same as JSON, complete")


def run(options: argparse.Namespace) -> int:
    """Compare two result folders by content, and explain each difference by its first causes upstream.

    The exit status is that of diff: 0 for no difference, 1 for some, 2 for an error. Times (of records, and in the cost
    table and the page) do not count.
    """
    try:
        old, new = _one(options.old), _one(options.new)
        found = compare(old, new, Progress("files compared"))
        values = value_differences(old, new)
    except UnlearnkitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(_as_json(found, values), indent=1))
    else:
        print("\n".join(_text(options, found, values)))
    return 0 if found.same else 1


def _one(path: Path) -> Results:
    found = experiments([path])
    if len(found) > 1:
        raise ArtifactError(f"{path} holds several experiments", remedy="name the folder of one, as results/digits")
    return found[0]


def _as_json(found: Comparison, values: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "same": found.same,
        "equal": found.equal,
        "times_only": found.times_only,
        "not_compared": found.not_compared,
        "only_in_a": found.only_old,
        "only_in_b": found.only_new,
        "causes": [{**dataclasses.asdict(cause), "explains": names} for cause, names in found.causes()],
        "values": list(values),
    }


def _text(options: argparse.Namespace, found: Comparison, values: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield f"A {options.old}\nB {options.new}"
    yield f"{found.equal} artifacts are equal, {len(found.differing)} differ"
    for side, kinds in (("A", found.only_old), ("B", found.only_new)):
        if kinds:
            yield f"only in {side}: {', '.join(f'{count} of {kind}' for kind, count in kinds.items())}"
    if found.times_only:
        yield f"no difference but in times: {', '.join(found.times_only)}"
    if found.not_compared:
        yield f"not compared, since they show times: {len(found.not_compared)} pages of report/"
    for cause, names in found.alarming():
        what = "was damaged or replaced" if cause.kind == DAMAGED else "differs although all recorded causes are equal"
        yield f"UNEXPLAINED: {cause.subject} {what}: {_explains(names)}"
    expected = [item for item in found.causes() if item not in found.alarming()]
    if expected:
        yield "causes"
    for cause, names in expected:
        yield f"  {_cause(cause)}: {_explains(names)}"
    if values:
        yield f"headline values that differ: {len(values)}, the largest first"
    for row in values[:SHOWN]:
        place = f"{row['metric']} {row['forget_set']} {row['candidate']} epoch {row['epoch']} {row['split']}"
        yield f"  {place}: {row['statistic']} {_number(row['old'])} -> {_number(row['new'])}"
    if found.same:
        yield "the same"


def _cause(cause: Cause) -> str:
    return f"{cause.kind} {cause.subject}" + (f" {cause.old} -> {cause.new}" if cause.old or cause.new else "")


def _explains(names: Sequence[str]) -> str:
    stages = Counter(place.stage if (place := place_of(name)) else name for name in names)
    listed = ", ".join(f"{count} {stage}" for stage, count in stages.items())
    return f"explains {len(names)} artifact{'s' * (len(names) != 1)} ({listed})"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"
