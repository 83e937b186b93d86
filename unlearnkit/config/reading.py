"""Configuration files: read as YAML, merged the way Snakemake merges several `--configfile`s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from unlearnkit.errors import ConfigError

DEFAULT = Path("config.yaml")
MOST_VALUES = 100_000
"""Values of a file with its aliases written out; the largest experiments have some hundred."""


def read_configuration(paths: Sequence[Path]) -> dict[str, Any]:
    """Return what `paths` describe, merged from left to right.

    If they name no experiment they are merged over config.yaml, as the Snakefile does it.
    """
    result: dict[str, Any] = {}
    for path in paths:
        result = merged(result, read_yaml(path))
    return result if "experiment" in result else merged(read_yaml(DEFAULT), result)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the keys of a YAML (or JSON) file; raises ConfigError, naming the file, if it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
        _refuse_multiplying(yaml.compose(text, yaml.SafeLoader))
        content = yaml.safe_load(text)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", remedy="check the path of the configuration file"
        ) from None
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply", expected="a YAML file like config.yaml") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} is not valid YAML: {' '.join(str(error).split())}", remedy="correct it there"
        ) from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path} holds no keys at its top level", expected="a YAML file like config.yaml")
    return content


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


def merged(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return `first` overwritten by `second`, block by block; lists and single values are replaced whole."""
    result = dict(first)
    for key, value in second.items():
        below = result.get(key)
        result[key] = (
            merged(below if isinstance(below, Mapping) else {}, value) if isinstance(value, Mapping) else value
        )
    return result
