"""Configuration files and `--config`: read as YAML, merged the way Snakemake merges them, refused where misread."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from unlearnkit.config.outside import anchored
from unlearnkit.config.yaml_text import content_of
from unlearnkit.errors import ConfigError

DEFAULT = Path("config.yaml")
OVERLAID = ("forget_sets", "attributions", "pools", "searches", "methods", "attacks", "observations")
"""Blocks of named entries, which an overlay takes out by null."""


def read_configuration(paths: Sequence[str | Path], arguments: Sequence[str] = ()) -> dict[str, Any]:
    """Return what `paths` describe, merged from left to right, under `arguments`, KEY=VALUE as for `--config`.

    If no file names an experiment they are merged over config.yaml, as the Snakefile does it. Raises ConfigError as
    `read_yaml` does, and for a null that takes nothing out.
    """
    here = Path.cwd()
    places = [path.relative_to(here) if path.is_relative_to(here) else path for path in map(Path, paths)]
    files = [(place, read_yaml(place)) for place in places]
    layers = [(f"in {place}", layer) for place, layer in files]
    above = [(f"in --config {argument}", read_argument(argument)) for argument in arguments]
    if not any("experiment" in layer for _, layer in layers):
        layers.insert(0, (f"in {DEFAULT}", _default()))
    result: dict[str, Any] = {}
    for where, layer in (*layers, *above):
        _refuse_idle_nulls(layer, result, where)
        result = merged(result, layer)
    return anchored(result, [(place.parent, layer) for place, layer in files])


def option(paths: Sequence[str | Path]) -> str:
    """Return ` --configfile FILES`, as a command names what `read_configuration` merges; "" of config.yaml alone."""
    named = [str(path) for path in paths]
    return f" --configfile {shlex.join(named)}" if named not in ([], [str(DEFAULT)]) else ""


def _default() -> dict[str, Any]:
    if not DEFAULT.exists():
        raise ConfigError(
            f"there is no {DEFAULT} in {Path.cwd()}",
            expected="a clone of unlearnkit, or a folder that `unlearnkit init` made",
            remedy="change to that folder, or name a file that states its experiment: --configfile FILE",
        )
    return read_yaml(DEFAULT)


def _refuse_idle_nulls(layer: Mapping[str, Any], below: Mapping[str, Any], where: str) -> None:
    for block in OVERLAID:
        upper, lower = layer.get(block), below.get(block)
        for name, value in upper.items() if isinstance(upper, Mapping) else ():
            if value in (None, "null") and not (isinstance(lower, Mapping) and lower.get(name)):
                raise ConfigError(
                    f"{block}.{name} {where} is null, but there is no such entry to remove",
                    expected="a block of keys",
                )


def read_yaml(
    path: Path,
    expected: str = "a YAML file like config.yaml",
    remedy: str = "check the path of the configuration file; targets come before --configfile",
) -> dict[str, Any]:
    """Return the keys of a YAML (or JSON) file; `expected` and `remedy` are what an error says of another kind of file.

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
            remedy=remedy,
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text", remedy="save it as UTF-8") from None
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply", expected=expected) from None
    except yaml.YAMLError as error:
        raise ConfigError(
            f"{path} is not valid YAML: {' '.join(str(error).split())}",
            remedy="indent with spaces, not with tabs" if r"'\t'" in str(error) else "correct it there",
        ) from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path} holds no keys at its top level", expected=expected)
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
