"""The chain of hashes from an artifact back to raw data."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path

from unlearnkit.lineage.records import Results
from unlearnkit.places import place_of


def source_of(results: Results, path: str) -> str | None:
    """Return the artifact that a recorded input path stands for, None if it lies outside the experiment.

    The record of an artifact stands for that artifact.
    """
    name = results.inside(path)
    if name is None or place_of(name):
        return name
    artifact = name.removesuffix(".json")
    return artifact if name.endswith(".json") and (artifact in results.records or name not in results.files) else name


def sources(results: Results, name: str) -> list[str]:
    """Return the artifacts that one was made from, in the order of their paths."""
    found = (source_of(results, path) for path in sorted(results.inputs(name)))
    return list(dict.fromkeys(source for source in found if source is not None))


def outside(results: Results, name: str) -> dict[str, str]:
    """Return path -> SHA-256 of what an artifact was made from that no job made: raw files, index and score files."""
    record = results.record_of(name) or {}
    files = {path: digest for path, digest in results.inputs(name).items() if results.inside(path) is None}
    return {**files, **record.get("raw", {})}


def below_their_folder(files: Mapping[str, str]) -> dict[str, str]:
    """Return path below the folder that all files share -> SHA-256, for path -> SHA-256; a single file has its name."""
    levels = zip(*(Path(path).parts[:-1] for path in files), strict=False)
    shared = sum(1 for _ in takewhile(lambda names: len(set(names)) == 1, levels))
    return {str(Path(*Path(path).parts[shared:])): digest for path, digest in files.items()}


def ancestry(results: Results, name: str) -> Iterator[str]:
    """Yield an artifact and everything that it was made from, each once, nearest first."""
    waiting, seen = deque([name]), {name}
    while waiting:
        current = waiting.popleft()
        yield current
        new = [source for source in sources(results, current) if source not in seen]
        seen.update(new)
        waiting.extend(new)
