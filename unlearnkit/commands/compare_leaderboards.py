"""`unlearnkit compare-leaderboards`: do two leaderboards order the methods alike, and which moved?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unlearnkit.artifacts.store import read_json
from unlearnkit.errors import ArtifactError
from unlearnkit.ranking.movement import compared, fault_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the two leaderboards and --json."""
    parser.add_argument("old", type=Path, metavar="A", help="a leaderboard.json")
    parser.add_argument("new", type=Path, metavar="B", help="another one")
    parser.add_argument("--json", action="store_true", help="the same as JSON")


def run(options: argparse.Namespace) -> int:
    """Compare two leaderboards of one protocol: Kendall's rank correlation, and which variants moved.

    Leaderboards whose rule, metrics or protocol differ are refused. Seeds and variants may differ; common ones count.
    """
    found = compared(_read(options.old), _read(options.new))
    print(
        json.dumps(found, indent=1)
        if options.json
        else "\n".join([f"A {options.old}", f"B {options.new}", *_text(found)])
    )
    return 0


def _read(path: Path) -> dict[str, Any]:
    try:
        document = read_json(path)
        fault = fault_of(document)
    except ArtifactError:
        document, fault = {}, "it is not readable as JSON"
    if fault:
        what = f"is no leaderboard: {fault}" if path.exists() else "does not exist"
        raise ArtifactError(f"{path} {what}", expected="a leaderboard.json, as target vision_all makes it")
    return document


def _text(found: dict[str, Any]) -> Iterator[str]:
    yield f"{len(found['common'])} variants are ranked by both"
    for side, key in (("only in A", "only_old"), ("only in B", "only_new"), ("with other settings", "changed")):
        if found[key]:
            yield f"{side}: {', '.join(found[key])}"
    for ranking in found["rankings"]:
        tau = "undefined" if ranking["tau"] is None else f"{ranking['tau']:.3f} (p {ranking['p']:.3g})"
        yield f"{ranking['of']}: Kendall's tau {tau}"
        for row in ranking["moved"]:
            groups = "" if row["old_group"] == row["new_group"] else f", {row['old_group']} -> {row['new_group']}"
            if row["old"] != row["new"] or groups:
                yield f"  {row['method']}: rank {row['old']} -> {row['new']}{groups}"
