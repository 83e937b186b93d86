"""Registries: everything that a configuration can name, with its settings and what it declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import plug_in_facts
import schema_words
from page_text import escaped, table

from unlearnkit import registry
from unlearnkit.commands.ls import listed

DISCRIMINATORS = ("method", "attack", "name")
PAGES = {
    "method": ("methods", "[methods.md](../methods.md) leads to formulas, sources and corrections."),
    "metric": ("metrics", "[metrics.md](../metrics.md) leads to formulas, floors and limitations."),
    "observation": ("observations", "[observations.md](../observations.md) has their files and columns."),
    "attack": ("attacks", "[durability.md](../durability.md) shows them in use."),
    "data set": ("datasets", "[data.md](../data.md) and [text-data.md](../text-data.md) have sources and checks."),
    "model": ("models", "[models.md](../models.md) has sizes, costs and published recipes."),
}
"""Kind -> name of the page, and where people wrote about it."""


def pages() -> dict[str, str]:
    """Return one page per kind of plug-in, and one of the experiments."""
    definitions = schema_words.definitions()
    made = {name: "\n".join(_page(kind, more, definitions)) for kind, (name, more) in PAGES.items()}
    rows = [
        (f"[{name.removeprefix('experiments/')}](../../{name})", escaped(line))
        for name, line in listed("experiments").items()
    ]
    head = (
        "# Every experiment\n\nFiles in `experiments/`, whose headers state what they reproduce and what they cost.\n"
    )
    return made | {"experiments": f"{head}\n{table(('file', 'what it is'), rows)}"}


def _page(kind: str, more: str, definitions: Mapping[str, Any]) -> Iterator[str]:
    names = registry.OURS[kind]
    lines = listed(f"{kind}s")
    blocks = {name: definitions.get(f"{kind}_{name}", {}) for name in names}
    common = _common(list(blocks.values()))
    yield f"# Every {kind}\n\nMade from the registry. {more}\n"
    yield table(
        ("name", "what it is"),
        [(f"[`{name}`](#{kind.replace(' ', '-')}-{name})", escaped(lines[name])) for name in names],
    )
    if common:
        yield f"## Settings of all\n\n{_settings(common, blocks[next(iter(names))])}"
    for name, module in names.items():
        yield f"({kind.replace(' ', '-')}-{name})=\n\n## `{name}`\n\n{escaped(lines[name])}\n"
        yield plug_in_facts.of(kind, module)
        own = {key: node for key, node in blocks[name].get("properties", {}).items() if common.get(key) != node}
        yield _settings(own, blocks[name])
        file = module.replace(".", "/") + ".py"
        yield f"Code: [{file}](../../{file})\n"


def _common(blocks: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the keys that all blocks have, with the same meaning."""
    first, *others = (block.get("properties", {}) for block in blocks)
    return {key: node for key, node in first.items() if others and all(other.get(key) == node for other in others)}


def _settings(keys: Mapping[str, Any], block: Mapping[str, Any]) -> str:
    required = block.get("required", ())
    rows = [
        schema_words.row(key, node, key in required and "default" not in node, _link)
        for key, node in keys.items()
        if not (key in DISCRIMINATORS and "const" in node)
    ]
    return table(schema_words.COLUMNS, rows)


def _link(name: str) -> str:
    if name.startswith("grid_"):
        return "setting → list of its values"
    return f"[block](settings.md#{schema_words.anchor(name)})"
