"""Configuration files and `--config`: read as YAML, merged the way Snakemake merges them, refused where misread."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from unlearnkit.config.yaml_text import content_of
from unlearnkit.errors import ConfigError

DEFAULT = Path("config.yaml")


def read_configuration(paths: Sequence[Path], arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Return what `paths` describe, merged from left to right, under `arguments`, KEY=VALUE as for `--config`.

    If no file names an experiment they are merged over config.yaml, as the Snakefile does it.
    """
    layers = [read_yaml(path) for path in paths]
    if not any("experiment" in layer for layer in layers):
        layers.insert(0, read_yaml(DEFAULT))
    return functools.reduce(merged, [*layers, *map(read_argument, arguments)], {})


def refuse_misread(paths: Sequence[str | Path], arguments: Sequence[str]) -> None:
    """Read what Snakemake has read, and raise ConfigError where it took something else than what is written."""
    here = Path.cwd()
    for path in map(Path, paths):
        read_yaml(path.relative_to(here) if path.is_relative_to(here) else path)
    for argument in arguments:
        read_argument(argument)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the keys of a YAML (or JSON) file.

    Raises ConfigError, naming the file, if it cannot be read, has a key twice, or a value that YAML 1.1 takes for
    something else than what is written.
    """
    try:
        text = path.read_text(encoding="utf-8")
        # strings of JSON hold no tabs, and YAML takes none between values
        content = content_of(text.replace("\t", " ") if path.suffix == ".json" else text, f" of {path}")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}",
            remedy="check the path of the configuration file; targets come before --configfile",
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text", remedy="save it as UTF-8") from None
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply", expected="a YAML file like config.yaml") from None
    except yaml.YAMLError as error:
        raise ConfigError(
            f"{path} is not valid YAML: {' '.join(str(error).split())}",
            remedy="indent with spaces, not with tabs" if r"'\t'" in str(error) else "correct it there",
        ) from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path} holds no keys at its top level", expected="a YAML file like config.yaml")
    return content


def read_argument(argument: str) -> dict[str, Any]:
    """Return the key and value of a KEY=VALUE of `--config`, whose value may be a block in braces.

    Raises ConfigError if it is something else or has a key twice.
    """
    key, equals, text = argument.partition("=")
    if not equals or not re.fullmatch(r"[a-zA-Z_][\w-]*\w", key):
        first, *inner = key.split(".") if equals and "." in key else ("training", "lr")
        for name in reversed(inner):
            text = f"{{{name}: {text or 0.1}}}"
        raise ConfigError(
            f"--config {argument} is not KEY=VALUE with a key of the top level",
            remedy=f"write nested keys in braces: --config '{first}={text}'",
        )
    try:
        return {key: content_of(text, f" of --config {argument}", yaml.BaseLoader) if "{" in text else _value(text)}
    except yaml.YAMLError as error:
        raise ConfigError(f"--config {argument} is not valid YAML: {' '.join(str(error).split())}") from None


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"True": True, "False": False, "": None}.get(text, text)


def merged(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return `first` overwritten by `second`, block by block; lists and single values are replaced whole."""
    result = dict(first)
    for key, value in second.items():
        below = result.get(key)
        result[key] = (
            merged(below if isinstance(below, Mapping) else {}, value) if isinstance(value, Mapping) else value
        )
    return result
