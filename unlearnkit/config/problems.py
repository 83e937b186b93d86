"""What is wrong with a configuration: key path, what was found, what is allowed, the nearest valid name."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from unlearnkit import registry
from unlearnkit.config.wording import Node, allowed, descend, named_block, shown
from unlearnkit.declarations import declarations
from unlearnkit.errors import ConfigError, suggest


def combined(problems: Sequence[ConfigError], advice: str = "") -> ConfigError:
    """Return one ConfigError that lists all `problems`, of which there is at least one; `advice` follows a list."""
    if len(problems) == 1:
        return problems[0]
    return ConfigError(
        "\n".join(
            [
                f"the configuration has {len(problems)} problems:",
                *(f"- {problem}" for problem in problems),
                *filter(None, [advice]),
            ]
        )
    )


def from_validation(error: ValidationError, model: type[BaseModel], prefix: Sequence[str] = ()) -> list[ConfigError]:
    """Return one ConfigError per problem that pydantic found in data for `model`, read from key path `prefix`."""
    schema = _schema_of(model)
    errors = error.errors()
    # a list with a wrong item is also said to be too short
    inner = [details for details in errors if not any(_inside(other["loc"], details["loc"]) for other in errors)]
    problems = [_problem(schema, dict(details), prefix) for details in inner]
    # every member of a union complains, in the same words
    return list({str(problem): problem for problem in problems}.values())


@functools.lru_cache(maxsize=4)
def _schema_of(model: type[BaseModel]) -> Node:
    return model.model_json_schema()


def unwanted_booleans(raw: Any, accepted: Any, path: tuple[str, ...] = ()) -> Iterator[ConfigError]:
    """Yield a problem for every true or false that was taken for the number 1 or 0."""
    if isinstance(raw, bool) and not isinstance(accepted, bool):
        yield ConfigError(f"{_key(path)} is {shown(raw)}", expected="a number", remedy=f"write for example {int(raw)}")
    elif isinstance(raw, Mapping) and isinstance(accepted, Mapping):
        for key in raw:
            yield from unwanted_booleans(raw[key], accepted.get(key), (*path, str(key)))
    elif isinstance(raw, Sequence) and not isinstance(raw, str) and isinstance(accepted, Sequence):
        for index, item in enumerate(raw):
            yield from unwanted_booleans(item, accepted[index], (*path, str(index)))


def _inside(location: tuple[str | int, ...], outer: tuple[str | int, ...]) -> bool:
    return len(location) > len(outer) and location[: len(outer)] == outer


def _problem(schema: Node, error: dict[str, Any], prefix: Sequence[str]) -> ConfigError:
    kind, location, found = error["type"], error["loc"], error["input"]
    path, node = descend(schema, [part for part in location if part != "[key]"])
    key = _key((*prefix, *path))
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _wrong_tag(schema, named_block(schema, node), error, (*prefix, *path))
    if kind == "extra_forbidden" and (told := _known_observation(path)):
        return told
    if kind == "extra_forbidden":
        siblings = descend(schema, location[:-1])[1].get("properties", {})
        return ConfigError(f"{key} is not a known key", remedy=suggest(path[-1], siblings))
    if kind == "missing":
        meaning = node.get("description", "").split(";")[0]
        return ConfigError(
            f"{key} is missing", expected=f"{allowed(schema, node)}" + (f" ({meaning})" if meaning else "")
        )
    if "[key]" in location or kind == "invalid_key":
        return ConfigError(
            f"{_key((*prefix, *path[:-1]))} has the name {shown(path[-1])}, which cannot name a file",
            expected="letters, digits, '_', '-' and single dots inside, in quotes if it is a number",
        )
    if kind in ("value_error", "assertion_error"):
        return ConfigError(f"{key}: {error['ctx']['error']}")
    choices = node.get("enum", ()) if isinstance(found, str) else ()
    return ConfigError(
        f"{key} is {shown(found)}", expected=allowed(schema, node), remedy=suggest(found, choices) if choices else None
    )


def _wrong_tag(schema: Node, node: Node, error: dict[str, Any], path: Sequence[str]) -> ConfigError:
    known = node["discriminator"]["mapping"]
    tag = node["discriminator"]["propertyName"]
    key = _key((*path, tag))
    if error["type"] == "union_tag_not_found":
        return ConfigError(f"{key} is missing", expected="one of " + ", ".join(map(shown, known)))
    name = error["ctx"]["tag"]
    tasks = _tasks_of(path[0], name)
    if tasks:
        return ConfigError(
            f"{key} is {shown(name)}, which is for {' and '.join(tasks)}, not for the data set in data.name",
            expected="one of " + ", ".join(map(shown, sorted(known))),
        )
    # the name of a file of one's own, without its ending or nearly so
    files = difflib.get_close_matches(name, sorted(path.name for path in Path().glob("*.py")), n=1)
    return ConfigError(f"{key} is {shown(name)}, which is unknown", remedy=suggest(name, [*known, *files]))


def _tasks_of(block: str, name: str) -> list[str]:
    """Return what a registered model, method or attack is for, nothing if there is none of this name."""
    kind = {"model": "model", "methods": "method", "attacks": "attack"}.get(block)
    if kind is None or name not in registry.REGISTRIES[kind]:
        return []
    plug_in = declarations(registry.locate(kind, name))
    tasks = (registry.task_of(plug_in),) if kind == "model" else registry.tasks_of(plug_in)
    return [*map(_named, tasks)]


def _named(task: str) -> str:
    return "images" if task == "image" else task


def _known_observation(path: Sequence[str]) -> ConfigError | None:
    """Return why an observation that is registered cannot be asked for, None if the path names none."""
    if len(path) != 2 or path[0] != "observations" or path[1] not in registry.REGISTRIES["observation"]:
        return None
    if path[1] == registry.ALWAYS_OBSERVED:
        return ConfigError(f"{_key(path)} is set, but {path[1]} are made of all models in any case", remedy="remove it")
    tasks = declarations(registry.locate("observation", path[1])).VALUES
    return ConfigError(
        f"{_key(path)} is for {' and '.join(map(_named, tasks))}, not for the data set in data.name",
        remedy="remove it",
    )


def _key(path: Sequence[str]) -> str:
    return ".".join(path) or "the configuration"
