"""The configuration's JSON Schema, for editors and for the documentation."""

from __future__ import annotations

import functools
import operator
from typing import Any

from pydantic import TypeAdapter

from unlearnkit.config.blocks import names_for
from unlearnkit.config.load import experiment_class
from unlearnkit.registry import TASKS

FROM_OUTSIDE = {"type": "string", "pattern": r"\.py$|^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$"}
"""A file or a module, by which a block names a plug-in from outside."""


def json_schema() -> dict[str, Any]:
    """Return one JSON Schema (draft 2020-12) of the whole configuration, with all registered plug-ins.

    Which experiment a configuration has to fit follows from the name of its data set.
    """
    classes = {task: experiment_class(task) for task in TASKS}
    union: Any = functools.reduce(operator.or_, classes.values())
    schema = TypeAdapter(union).json_schema()
    names = {"properties": {"data": {"properties": {"name": {"enum": names_for("data set", "text")}}}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of an unlearnkit experiment",
        "$defs": _opened(_tidied(schema["$defs"])),
        "if": names | {"required": ["data"]},
        "then": {"$ref": f"#/$defs/{classes['text'].__name__}"},
        "else": {"$ref": f"#/$defs/{classes['image'].__name__}"},
    }


def _opened(definitions: dict[str, Any]) -> dict[str, Any]:
    """Let blocks name plug-ins from outside, whose settings the schema cannot know."""
    for definition in definitions.values():
        properties = definition.get("properties", {})
        for key, tag in (("model", "name"), ("methods", "method"), ("attacks", "attack")):
            block = properties.get(key, {})
            union = next(iter(block.get("patternProperties", {}).values()), block)
            if "oneOf" in union:
                union["oneOf"].append(_named(tag))
        if "content_hash" in properties:
            registered = properties["name"]
            properties["name"] = {"anyOf": [registered, FROM_OUTSIDE], "description": registered["description"]}
    for name, definition in definitions.items():
        block = name.rpartition("__blocks__")[2].partition("__")[0]
        if block in ("metrics", "observations"):
            definition["additionalProperties"] = _named(block.removesuffix("s"))
    return definitions


def _named(key: str) -> dict[str, Any]:
    return {"type": "object", "properties": {key: FROM_OUTSIDE}, "required": [key]}


def _tidied(node: Any) -> Any:
    """Drop the titles that pydantic makes of the keys, and refuse names that do not match a pattern of names."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _tidied(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    return {**kept, "additionalProperties": False} if "patternProperties" in kept else kept
