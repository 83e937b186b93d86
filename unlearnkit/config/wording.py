"""Say in words what a key may hold, from the JSON Schema of the configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Node = Mapping[str, Any]

_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "object": "a block of keys",
    "array": "a list",
    "null": "null",
}


def descend(schema: Node, location: Sequence[str | int]) -> tuple[list[str], Node]:
    """Follow the location of a pydantic error through `schema`; return the key path and the schema of what lies there.

    Pydantic's location also names the member of a union that it chose; the path, which the user reads, does not.
    Where the schema knows no such key the returned schema is empty.
    """
    path: list[str] = []
    node = _resolved(schema, schema)
    for part in location:
        node = named_block(schema, node)
        if "anyOf" in node:
            break
        if "discriminator" in node:
            node = _resolved(schema, {"$ref": node["discriminator"]["mapping"].get(str(part), "#")})
            continue
        path.append(str(part))
        node = _resolved(schema, _child(node, part))
    return path, node


def allowed(schema: Node, node: Node) -> str:
    """Return what a value of schema `node` has to be, in words: type, range, choices."""
    node = _resolved(schema, node, keep_null=True)
    if "anyOf" in node:
        return " or ".join(allowed(schema, option) for option in node["anyOf"])
    choices = node.get("enum", [node["const"]] if "const" in node else None)
    if choices is not None:
        return "one of " + ", ".join(map(shown, choices)) if len(choices) > 1 else shown(choices[0])
    if "discriminator" in node:
        return "a block of keys"
    words = _TYPES.get(node.get("type", ""), "a value")
    if node.get("examples"):
        words += " like " + ", ".join(map(shown, node["examples"]))
    elif "pattern" in node:
        words += f" of the form {node['pattern']}"
    if words == "a list" and "items" in node:
        words += f", each item {allowed(schema, node['items'])}"
    return words + _range(node)


def shown(value: object) -> str:
    """Return a value the way it is written in YAML, cut to a readable length."""
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:76] + " ..."


def named_block(schema: Node, node: Node) -> Node:
    """Return the block that a name alone may stand for, where this is the choice; else `node` as it is."""
    blocks = [option for option in node.get("anyOf", ()) if "discriminator" in option]
    return _resolved(schema, blocks[0]) if len(blocks) == 1 else node


def _range(node: Node) -> str:
    words = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    bounds = [f"{word} {_number(node[key])}" for key, word in words.items() if key in node]
    if node.get("minItems") or node.get("minProperties"):
        bounds.append("not empty")
    if "maxLength" in node:
        bounds.append(f"at most {node['maxLength']} characters")
    return (", " if bounds else "") + " and ".join(bounds)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _child(node: Node, part: str | int) -> Node:
    if isinstance(part, int):
        return node.get("items", {})
    if part in node.get("properties", {}):
        return node["properties"][part]
    values = node.get("additionalProperties")
    if isinstance(values, Mapping):
        return values
    return next(iter(node.get("patternProperties", {}).values()), {})


def _resolved(schema: Node, node: Node, keep_null: bool = False) -> Node:
    """Follow references, keeping what is said beside them, and by default look past "or null"."""
    while "$ref" in node:
        target = schema if node["$ref"] == "#" else schema["$defs"][node["$ref"].removeprefix("#/$defs/")]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    options = [option for option in node.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1 and not keep_null:
        return _resolved(schema, options[0])
    return node
