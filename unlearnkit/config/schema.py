"""The configuration's JSON Schema, for editors and for the documentation."""

from __future__ import annotations

from typing import Any

from unlearnkit.config.experiment import experiment_class


def json_schema() -> dict[str, Any]:
    """Return one JSON Schema (draft 2020-12) of the whole configuration, with all registered plug-ins."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of an unlearnkit experiment",
        **_tidied(experiment_class().model_json_schema()),
    }


def _tidied(node: Any) -> Any:
    """Drop the titles that pydantic makes of the keys, and refuse names that do not match a pattern of names."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _tidied(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    return {**kept, "additionalProperties": False} if "patternProperties" in kept else kept
