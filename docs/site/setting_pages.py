"""Settings: every key of the configuration, of its JSON Schema. Those of plug-ins are on the pages of their kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import schema_words
from page_text import table

ROOTS = {
    "Experiment": "Experiments on images",
    "TextExperiment": "Experiments on text",
    "plug_ins": "Blocks within the settings of plug-ins",
}
"""Definition, or nothing that is one, -> heading of the sections that follow."""
ELSEWHERE = {
    "method": "methods",
    "metric": "metrics",
    "observation": "observations",
    "attack": "attacks",
    "model": "models",
}
"""Kind of plug-in -> the page that has its settings."""
INTRODUCTION = """# Every key of a configuration

Made from the JSON Schema, [config.schema.json](../config.schema.json). [configuration.md](../configuration.md) explains
the blocks and what is checked between keys. Settings of [methods](methods.md), [metrics](metrics.md),
[observations](observations.md), [attacks](attacks.md) and [models](models.md) have pages of their own.
"""


def pages() -> dict[str, str]:
    """Return the page of all keys."""
    definitions = schema_words.definitions()
    return {"settings": "\n".join([INTRODUCTION, *_sections(definitions)])}


def _sections(definitions: Mapping[str, Any]) -> Iterator[str]:
    titles = _titles(definitions)

    def link(name: str) -> str:
        return _plug_in(name) or f"[{titles[name].rpartition(': ')[2]}](#{schema_words.anchor(name)})"

    for name, title in titles.items():
        node = definitions.get(name, {})
        required = node.get("required", ())
        rows = [
            schema_words.row(key, value, key in required and "default" not in value, link)
            for key, value in node.get("properties", {}).items()
        ]
        level = "##" if name in ROOTS else "###"
        text = node.get("description", "")
        yield f"({schema_words.anchor(name)})=\n\n{level} {title}\n\n{text}\n\n{table(schema_words.COLUMNS, rows)}"


def _plug_in(name: str) -> str:
    """Return a link to the section of a plug-in, of its definition `method_scrub`, to all of a kind, or nothing."""
    for page in ("metrics", "observations"):
        if name == page or f"__blocks__{page}__" in name:
            return f"[{page}]({page}.md)"
    kind, _, plug_in = name.partition("_")
    return f"[`{plug_in}`]({ELSEWHERE[kind]}.md#{kind}-{plug_in})" if kind in ELSEWHERE else ""


def _titles(definitions: Mapping[str, Any]) -> dict[str, str]:
    """Return definition -> title of all that have a section, in reading order: a block, then the blocks within."""
    titles: dict[str, str] = {}

    def visit(name: str, title: str) -> None:
        if name not in titles and not _plug_in(name) and not name.startswith("grid_"):
            titles[name] = title
            visit_within(name)

    def visit_within(name: str) -> None:
        for key, node in definitions.get(name, {}).get("properties", {}).items():
            for inner, chosen in schema_words.references(node):
                visit(inner, f"{key}: {chosen}" if chosen else key)

    for name, title in ROOTS.items():
        visit(name, title)
    for name in filter(_plug_in, definitions):
        visit_within(name)
    return titles
