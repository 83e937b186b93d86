"""Provenance records as they are published: without paths and names of the machines that made the results."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from unlearnkit.artifacts.provenance import sealed
from unlearnkit.lineage.chain import below_their_folder
from unlearnkit.lineage.records import Record, Results

ELSEWHERE = "elsewhere"
"""The folder that stands for those outside of the working folder."""
OF_THE_MACHINE = ("node", "slurm_job", "visible_gpus")
"""What records state of a machine and what a reader elsewhere has no use for."""

_PATH = re.compile(r"(?:/|~/|[A-Za-z]:[\\/])[^\n]*")


class PublicRecords:
    """The records of an experiment with other texts in place of paths of this machine.

    A record that names the hash of another one is given the hash that the other has when it is published, so the chain
    from tables to raw data remains whole. Hashes of artifacts do not change.
    """

    def __init__(self, results: Results) -> None:
        self._results = results
        self._made: dict[str, bytes] = {}

    def text(self, name: str) -> bytes:
        """Return the record of an artifact as it is published."""
        if name not in self._made:
            record = dict(_renamed(self._results.records[name], self.public_path))
            record["machine"] = {key: fact for key, fact in record["machine"].items() if key not in OF_THE_MACHINE}
            record["inputs"] = {path: self._digest(path, digest) for path, digest in record["inputs"].items()}
            self._made[name] = (json.dumps(sealed(record), indent=1, sort_keys=True) + "\n").encode()
        return self._made[name]

    def _digest(self, path: str, digest: str) -> str:
        """Return the hash of an input as it is published, which differs for records alone."""
        name = self._results.inside(path)
        artifact = name.removesuffix(".json") if name and name.endswith(".json") else None
        return hashlib.sha256(self.text(artifact)).hexdigest() if artifact in self._results.records else digest

    def public_path(self, text: str) -> str:
        """Return what stands for a text: for a path of this machine another one, for any other text the text itself."""
        return self._paths.get(text, text)

    @cached_property
    def _paths(self) -> dict[str, str]:
        found = {text for record in self._results.records.values() for text in _texts(record) if _PATH.fullmatch(text)}
        root = f"{self._results.root.resolve()}/"
        inside = {text: text.removeprefix(root) for text in found if text.startswith(root)}
        installed = {text: text.partition("/site-packages/")[2] for text in found - {*inside}}
        installed = {text: f"site-packages/{below}" for text, below in installed.items() if below}
        outside = sorted(found - {*inside, *installed})
        names = below_their_folder(dict.fromkeys(outside, ""))
        return inside | installed | {text: f"{ELSEWHERE}/{alias}" for text, alias in zip(outside, names, strict=True)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from (*_texts(key), *_texts(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _renamed(value: Record | Any, name: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return name(value)
    if isinstance(value, Mapping):
        return {name(key): _renamed(inner, name) for key, inner in value.items()}
    return [_renamed(inner, name) for inner in value] if isinstance(value, list) else value
