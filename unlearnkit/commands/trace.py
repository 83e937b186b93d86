"""`unlearnkit trace`: what a file was made from, with which settings, code, versions and seeds."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from unlearnkit.artifacts.store import sha256_of
from unlearnkit.errors import UnlearnkitError
from unlearnkit.lineage.cells import Row, no_cells, rows_of, sources_of_rows
from unlearnkit.lineage.chain import ancestry
from unlearnkit.lineage.configured import configuration_files, present_graph
from unlearnkit.lineage.found import Found, consumers, find
from unlearnkit.lineage.records import Results
from unlearnkit.lineage.seeding import seeds_text
from unlearnkit.lineage.steps import environments, settings_lines, steps
from unlearnkit.lineage.tree import lines, tree
from unlearnkit.places import owner_of, place_of
from unlearnkit.workflow.present import Present

MOST_VALUES = 8
"""Versions, nodes or jobs that are listed; JSON has all."""

MOST_LINES = 100
"""Lines of a tree two levels deep; one with more is shown one level deep."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the file, --cell, --depth, --configfile and --json."""
    parser.add_argument("file", type=Path, metavar="FILE", help="an artifact, such as results/digits/tables/klom.md")
    parser.add_argument(
        "--cell",
        nargs="+",
        default=[],
        metavar="COLUMN=VALUE",
        help="rows of a table, such as forget_set=nines candidate=scrub: trace only what these come from",
    )
    parser.add_argument(
        "--depth", type=int, metavar="N", help="levels of the tree; default: 2 or 1, by its size, and all with --cell"
    )
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="as in verify")
    parser.add_argument("--json", action="store_true", help="the same as JSON")


def run(options: argparse.Namespace) -> int:
    """Report what a file was made from: inputs, settings, code, versions, seeds, machine, cost and time.

    Only the hash of the file itself is compared; `unlearnkit verify` compares those of all files.
    """
    found = find(options.file)
    if found.results is None or found.results.record_of(found.name) is None:
        facts = _unrecorded(found)
    else:
        facts = _traced(found.results, found.name, options)
    print(json.dumps(facts, indent=1) if options.json else "\n".join(_text(facts)))
    return 0


def _traced(results: Results, name: str, options: argparse.Namespace) -> dict[str, Any]:
    only, rows = _narrowed(results, name, options.cell)
    ancestors = list(dict.fromkeys(a for source in only for a in ancestry(results, source))) if only else []
    names = [name, *ancestors] if only is not None else list(ancestry(results, name))
    contents = {results.recorded_hash(name): "as recorded", None: "absent"}
    return {
        "file": str(results.folder / name),
        "content": contents.get(results.hash_of(name), "CHANGED"),
        "rows": rows,
        "tree": _tree(results, name, only, options.depth),
        "steps": steps(results, names, _present(results, options.configfile)),
        "environment": environments(results, names),
    }


def _tree(results: Results, name: str, only: dict[str, str] | None, depth: int | None) -> dict[str, Any]:
    """Return the tree, as deep as asked for; else whole with `only`, and without as deep as can be taken in."""
    if depth is not None or only is not None:
        return tree(results, name, depth, only)
    two = tree(results, name, 2)
    return two if sum(1 for _ in lines(two)) <= MOST_LINES else tree(results, name, 1)


def _narrowed(results: Results, name: str, cell: list[str]) -> tuple[dict[str, str] | None, list[Row]]:
    if not cell:
        return None, []
    place, table = place_of(name), owner_of(name)
    if place is None or place.stage != "tables":
        raise no_cells(results.folder, name)
    rows = rows_of(results.folder / table, cell)
    return sources_of_rows(results, table, rows), rows


def _present(results: Results, given: list[Path]) -> Present | None:
    try:
        files = configuration_files(results.experiment, given)
        graph = None if files is None else present_graph(results.experiment, files)
    except UnlearnkitError:
        return None
    return Present(graph) if graph else None


def _unrecorded(found: Found) -> dict[str, Any]:
    status = found.path.stat()
    place = place_of(found.name) if found.results else None
    facts = {
        "file": str(found.path),
        "no record": found.reason,
        "sha256": sha256_of(found.path),
        "bytes": status.st_size,
        "changed": datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="seconds"),
        "kind": place.kind if place else None,
        "used by": consumers(found),
    }
    return {key: value for key, value in facts.items() if value not in (None, [])}


def _text(facts: dict[str, Any]) -> Iterator[str]:
    if "tree" not in facts:
        for key, value in facts.items():
            yield f"{key}: {', '.join(value) if isinstance(value, list) else value}"
        return
    yield f"{facts['file']}: content {facts['content']}"
    if len(facts["rows"]) == 1:
        yield from (f"  {column} = {value}" for column, value in facts["rows"][0].items() if value is not None)
    elif facts["rows"]:
        yield f"  {len(facts['rows'])} rows"
    yield "\nmade from"
    yield from lines(facts["tree"])
    yield "\nsteps"
    for step in facts["steps"]:
        yield from _step(step)
    yield "\nenvironment"
    for name, values in facts["environment"].items():
        more = f" and {len(values) - MOST_VALUES} more" if len(values) > MOST_VALUES else ""
        yield f"  {name}: {'; '.join(values[:MOST_VALUES])}{more}"


def _step(step: dict[str, Any]) -> Iterator[str]:
    first, last = step["started"]
    when = first if first == last else f"{first} to {last}"
    where = f" on {', '.join(step['devices'])}" if step["devices"] else ""
    yield f"  {step['kind']}: rule {step['rule']}, {step['files']} files, {step['seconds']:.1f} s{where}, {when}"
    yield f"    settings {' '.join(settings_lines(step['settings'])) or 'none'}"
    yield f"    code {step['code']}, {_compared(step['code'], step['present_code'])}"
    if step["seeds"]:
        yield f"    seeds {seeds_text(step['seeds'])}"


def _compared(code: str, present: str | None) -> str:
    if present is None:
        return "not compared: no present configuration makes it"
    return "the present code is the same" if code == present else f"the present code is different, {present}"
