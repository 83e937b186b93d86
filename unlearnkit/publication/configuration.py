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

INDEX_ENDINGS = (".npy", ".npz", ".json", ".txt", ".csv")
"""Endings of files that forget sets and pools are read from."""


@dataclass
class PublicConfiguration:
    """Keys of the configuration, the files that it brings along, and those that it names and that are not published.

    `files` maps paths in the publication to files here: code, settings, and what forget sets and pools are read from;
    `given` are the paths by which the published configuration names what a reader has to bring.
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
            plug_in = Path(reference.text)
            for module in filter(is_file, closure(reference.text)):
                below = Path(module).resolve().relative_to(plug_in.resolve().parent)
                found.files[f"{PLUG_INS}/{plug_in.stem}/{below.as_posix()}"] = Path(module)
            _set(found.keys, reference.path, f"{PLUG_INS}/{plug_in.stem}/{plug_in.name}")
    for path, text in list(_texts(found.keys)):
        if path[-1] == "settings_file" and not text.startswith(f"{RESULTS}/"):
            found.files[f"{SETTINGS}/{Path(text).name}"] = Path(text)
            _set(found.keys, path, f"{SETTINGS}/{Path(text).name}")
        elif _is_of_this_machine(text):
            found.given.append(f"{GIVEN}/{Path(text).name}")
            _set(found.keys, path, found.given[-1])
    found.files |= {path: Path(path) for path in input_files(found.keys) if Path(path).is_file()}
    return found


def input_files(keys: Mapping[str, Any]) -> list[str]:
    """Return the files of indices and memberships that forget sets and pools are read from, in the working folder.

    They are published where they lie, since records name them so; what has no such path is not among them.
    """
    blocks = [
        block
        for kind in ("forget_sets", "pools")
        if isinstance(entries := keys.get(kind), Mapping)
        for block in entries.values()
    ]
    named = [block.get("file") for block in blocks if isinstance(block, Mapping)]
    return [Path(text).as_posix() for text in named if isinstance(text, str) and _is_input(text)]


def _is_input(text: str) -> bool:
    ours = (RESULTS, PLUG_INS, SETTINGS, GIVEN)
    below = not _is_of_this_machine(text) and ".." not in text.split("/")
    # by its ending, since Snakemake takes orders from other files of its working folder, such as profiles
    return below and Path(text).parts[0] not in ours and text.endswith(INDEX_ENDINGS)


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
