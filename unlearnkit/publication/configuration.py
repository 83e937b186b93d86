"""The configuration as it is published: one file that stands alone, with the plug-ins and settings files it names."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from unlearnkit.config.outside import references
from unlearnkit.config.reading import read_configuration
from unlearnkit.fingerprint import closure
from unlearnkit.layout import RESULTS
from unlearnkit.sources import is_file

NAME = "config.yaml"
PLUG_INS, SETTINGS, GIVEN = "plug_ins", "settings", "given"
"""Folders of a publication: code of the user's, settings files, and what stands for other files of the user's."""


@dataclass
class PublicConfiguration:
    """Keys of the configuration, the files that it brings along, and those that it names and that are not published.

    `files` maps paths in the publication to files here; `given` are the paths by which the published configuration
    names what a reader has to bring.
    """

    keys: dict[str, Any]
    files: dict[str, Path] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)

    @property
    def text(self) -> bytes:
        """The configuration file."""
        return yaml.safe_dump(self.keys, sort_keys=False, allow_unicode=True, width=120).encode()


def public_configuration(files: Sequence[Path]) -> PublicConfiguration:
    """Return what configuration files, merged as Snakemake merges them, are when they are published.

    Raises ConfigError if they cannot be read.
    """
    found = PublicConfiguration(copy.deepcopy(read_configuration(files)))
    for reference in references(found.keys):
        if is_file(reference.text):
            own = Path(reference.text)
            for module in filter(is_file, closure(reference.text)):
                below = Path(module).resolve().relative_to(own.resolve().parent)
                found.files[f"{PLUG_INS}/{own.stem}/{below.as_posix()}"] = Path(module)
            _set(found.keys, reference.path, f"{PLUG_INS}/{own.stem}/{own.name}")
    for path, text in list(_texts(found.keys)):
        if path[-1] == "settings_file" and not text.startswith(f"{RESULTS}/"):
            found.files[f"{SETTINGS}/{Path(text).name}"] = Path(text)
            _set(found.keys, path, f"{SETTINGS}/{Path(text).name}")
        elif _is_of_this_machine(text):
            found.given.append(f"{GIVEN}/{Path(text).name}")
            _set(found.keys, path, found.given[-1])
    return found


def _is_of_this_machine(text: str) -> bool:
    return text.startswith(("/", "~", "../", "$")) and "\n" not in text and Path(text).name != ""


def _texts(keys: Mapping[str, Any] | list[Any], above: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Yield path of the key and value of all texts."""
    for key, value in keys.items() if isinstance(keys, Mapping) else enumerate(keys):
        if isinstance(value, str):
            yield (*above, key), value
        elif isinstance(value, Mapping | list):
            yield from _texts(value, (*above, key))


def _set(keys: Any, path: Sequence[Any], value: str) -> None:
    for key in path[:-1]:
        keys = keys[key]
    keys[path[-1]] = value
