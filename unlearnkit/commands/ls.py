"""`unlearnkit ls`: what there is to choose from, with one line each."""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Mapping
from pathlib import Path

from unlearnkit import registry
from unlearnkit.declarations import declarations
from unlearnkit.errors import ConfigError, suggest
from unlearnkit.facts.pools import POOLS
from unlearnkit.shipped import PROJECT
from unlearnkit.sources import syntax_tree

KINDS = {f"{kind}s": kind for kind in registry.REGISTRIES} | {"experiments": "", "pools": ""}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the kinds and --json."""
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"some of: {', '.join(KINDS)}; default: all")
    parser.add_argument("--json", action="store_true", help="the same as JSON")


def run(options: argparse.Namespace) -> int:
    """List methods, metrics, data sets, models, observations, experiments and published pools, one line each.

    These are the names that a configuration or `score --pool` may use. Plug-ins of a user are not listed.
    """
    for name in options.kinds:
        if name not in KINDS:
            raise ConfigError(f"there is no kind '{name}'", remedy=suggest(name, KINDS))
    found = {name: listed(name) for name in options.kinds or KINDS}
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    for name, entries in found.items():
        print(f"{name}\n")
        width = max(map(len, entries), default=0)
        print("\n".join(f"  {key:<{width}}  {line}" for key, line in sorted(entries.items())) + "\n")
    return 0


def listed(name: str) -> Mapping[str, str]:
    """Return name -> one line of everything of a kind in KINDS; experiments are named by their files."""
    if name == "pools":
        return {key: pool.line for key, pool in POOLS.items()}
    if name == "experiments":
        return {
            str(path.relative_to(PROJECT)): _heading(path) for path in sorted((PROJECT / "experiments").glob("*.yaml"))
        }
    kind = KINDS[name]
    return {key: _line(module, kind) for key, module in registry.REGISTRIES[kind].items()}


def _line(module: str, kind: str) -> str:
    """Return the first sentence of a module, and of what it is for where that is not images alone."""
    text = ast.get_docstring(syntax_tree(module)) or ""
    first = " ".join(text.partition("\n\n")[0].split())
    tasks = registry.tasks_of(declarations(module)) if kind == "method" else ()
    return first + (" [text]" if tuple(tasks) == ("text",) else "")


def _heading(path: Path) -> str:
    """Return the first sentence of the comment that an experiment begins with."""
    lines = [line.lstrip("# ").rstrip() for line in path.read_text(encoding="utf-8").splitlines() if line[:1] == "#"]
    text = " ".join(line for line in lines if line and not line.startswith("yaml-language-server"))
    return re.split(r"(?<! al)\. ", text)[0].rstrip(".") + "."
