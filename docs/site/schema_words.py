"""A key of the JSON Schema in words: its type, range and default."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from page_text import code, escaped, number

from unlearnkit.config.schema import json_schema

Node = Mapping[str, Any]
Link = Callable[[str], str]
"""Name of a definition -> Markdown that leads to it."""

_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_SEVERAL = {"string": "strings", "integer": "integers", "number": "numbers", "any value": "any values"}
_LENGTHS = {"minItems": "{} or more", "maxItems": "{} at most", "minLength": None, "maxLength": None}
COLUMNS = ("key", "type and range", "default", "meaning")


@functools.cache
def definitions() -> Mapping[str, Node]:
    """Return the definitions of the schema by name."""
    return json_schema()["$defs"]


def row(key: str, node: Node, required: bool, link: Link) -> tuple[str, ...]:
    """Return the row of a key, below COLUMNS."""
    default = "required" if required else code(json.dumps(node["default"])) if "default" in node else ""
    values = ", ".join(filter(None, (kind(node, link), bounds(node))))
    return code(key), values, default, escaped(node.get("description", ""))


def kind(node: Node, link: Link) -> str:
    """Return what values a key takes."""
    if "$ref" in node:
        return link(referred(node))
    if "const" in node:
        return code(json.dumps(node["const"]).strip('"'))
    if "enum" in node:
        return ", ".join(code(value) for value in node["enum"])
    if branches := node.get("anyOf") or node.get("oneOf"):
        return " or ".join(dict.fromkeys(kind(branch, link) for branch in branches))
    if "patternProperties" in node:
        return "name → " + kind(next(iter(node["patternProperties"].values())), link)
    if "prefixItems" in node:
        return f"list of {', '.join(kind(item, link) for item in node['prefixItems'])}"
    if node.get("type") == "array":
        return f"list of {_SEVERAL.get(item := kind(node.get('items', {}), link), item)}"
    if "pattern" in node and r"\.py$" in node["pattern"]:
        return "file or module of your own"
    if node.get("type") == "object":
        return "plug-in of your own" if "required" in node else "block"
    return str(node.get("type", "any value"))


def bounds(node: Node) -> str:
    """Return the range of a key's values, or of those in its list."""
    own = [f"{sign} {number(node[name])}" for name, sign in _BOUNDS.items() if name in node]
    own += [text.format(node[name]) for name, text in _LENGTHS.items() if text and name in node]
    inner = [bounds(branch) for branch in (*node.get("anyOf", ()), *([node["items"]] if "items" in node else ()))]
    return ", ".join(dict.fromkeys(part for part in (*own, *inner) if part))


def anchor(name: str) -> str:
    """Return the anchor of a definition on the page of settings."""
    return f"key-{name.lower()}"


def referred(node: Node) -> str:
    """Return the name of the definition that a node refers to."""
    return node["$ref"].rpartition("/")[2]


def references(node: Any, tag: str = "") -> Iterator[tuple[str, str]]:
    """Yield (definition, value that chooses it, or nothing) of all that a node refers to."""
    if isinstance(node, list):
        for item in node:
            yield from references(item, tag)
    elif isinstance(node, dict):
        chosen = {
            name.rpartition("/")[2]: value for value, name in node.get("discriminator", {}).get("mapping", {}).items()
        }
        if "$ref" in node:
            yield referred(node), tag
        for branch in node.get("oneOf", ()):
            if "$ref" in branch:
                yield referred(branch), chosen.get(referred(branch), "")
        for key in ("anyOf", "items", "prefixItems"):
            yield from references(node.get(key, []), tag)
        yield from references(list(node.get("patternProperties", {}).values()), tag)
