"""YAML that is read as it is written: no key twice, and no value that YAML 1.1 and 1.2 take for different things."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from unlearnkit.config.problems import combined
from unlearnkit.errors import ConfigError

MOST_VALUES = 100_000
"""Values of a file with its aliases written out; the largest experiments have some hundred."""

_AS_WRITTEN = {
    "null": r"null|Null|NULL|~|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+",
    "float": r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    "timestamp": r"(?!)",
}
"""Type that PyYAML, which knows YAML 1.1, gives a plain value -> values that YAML 1.2 reads alike.

It reads others: 010 as 8, 1:30 as 90, 1_0 as 10, no and off as false, 2026-01-01 as a date.
"""


def content_of(text: str, where: str, loader: Any = yaml.SafeLoader) -> Any:
    """Return what a text of YAML says; `where` ends the messages, such as " of config.yaml".

    Raises YAMLError if it is not YAML or its aliases multiply, and ConfigError if a key stands twice or YAML 1.1 takes
    a value for something else than what is written.
    """
    root = yaml.compose(text, loader)
    _refuse_multiplying(root)
    if root is not None and (problems := list(_misread(root, where, (), set()))):
        raise combined(problems)
    return yaml.load(text, loader)


def text_of(values: Mapping[str, Any]) -> str:
    """Return keys and values as YAML, in their order; `content_of` reads the same values from it."""
    return yaml.safe_dump(dict(values), sort_keys=False)


def _misread(node: Any, where: str, path: tuple[str, ...], seen: set[int]) -> Iterator[ConfigError]:
    """Yield the keys that stand twice, and the values that are read as something else than what is written."""
    key = ".".join(path) or "the value"
    if isinstance(node, yaml.ScalarNode):
        kind = node.tag.rpartition(":")[2]
        if node.style is None and not re.fullmatch(_AS_WRITTEN.get(kind, "(?s:.*)"), node.value):
            read = "a date" if kind == "timestamp" else yaml.safe_load(node.value)
            yield ConfigError(
                f"{key} in line {_line(node)}{where} is {node.value}, which YAML reads as "
                + (str(read).lower() if isinstance(read, bool) else str(read)),
                expected="true or false, a plain decimal number, or text in quotes",
                remedy=f"write '{node.value}' in quotes if it is text",
            )
    elif id(node) not in seen:
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                yield from _misread(item, where, (*path, str(number)), seen)
            return
        lines: dict[str, list[int]] = defaultdict(list)
        for name, value in node.value:
            inner = (*path, str(name.value))
            if isinstance(name, yaml.ScalarNode) and not name.tag.endswith(":merge"):
                lines[name.value].append(_line(name))
                yield from _misread(name, where, inner, seen)
            yield from _misread(value, where, inner, seen)
        for name, found in lines.items():
            if len(found) > 1:
                yield ConfigError(
                    f"{'.'.join((*path, name))} stands {'twice' if len(found) == 2 else f'{len(found)} times'}, in "
                    f"lines {', '.join(map(str, found[:-1]))} and {found[-1]}{where}",
                    expected="every key once",
                    remedy="keep one of them, or put their contents into one block",
                )


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def _refuse_multiplying(root: yaml.Node | None) -> None:
    """Raise YAMLError if aliases (`*name`) lead in a circle or make more than MOST_VALUES values of a small file."""
    counts: dict[int, int] = {}

    def count(node: Any) -> int:
        if isinstance(node, tuple):
            return count(node[0]) + count(node[1])
        if isinstance(node, yaml.ScalarNode):
            return 1
        if id(node) not in counts:
            counts[id(node)] = MOST_VALUES  # until it is known: a circle counts as too many
            counts[id(node)] = 1 + sum(map(count, node.value))
        return counts[id(node)]

    if root is not None and count(root) > MOST_VALUES:
        raise yaml.YAMLError(f"its aliases make more than {MOST_VALUES:,} values")
