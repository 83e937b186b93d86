"""Your own pairs: JSON lines with questions and answers, or with conversations, of which answers are targets.

Without rules the files `train.jsonl` and `validation.jsonl` are the splits, and `forget.jsonl`, if it is there, holds
training pairs after those of `train.jsonl` that are the forget list `forget`. With rules (`data.pairs.rules`) the rows
of all files, in the order of their names, become what the first rule says whose condition they meet.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.data.text.corpus import read_text
from unlearnkit.data.text.pair_rows import pairs_of
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.data.text.pair_split import divided
from unlearnkit.errors import DataError
from unlearnkit.layout import DOWNLOADS

TASK = "text"
PAIRS = True
VIEWS = ("holdout", "refusals", "retain_refusals", "alternatives")
FORGET_LISTS = {"forget": None}
DOWNLOAD_BYTES = 0
CONTENT_HASH = None
CHECKED_BY = "every line is an object with a question and an answer; data.content_hash pins them"
SOURCE = "your own files (train.jsonl, validation.jsonl and forget.jsonl, or any .jsonl files with data.pairs.rules)"

_BELOW = "pair_files"
_NAMED = ("train.jsonl", "forget.jsonl", "validation.jsonl")


def raw_paths(root: Path | None, settings: PairSettings | None = None) -> tuple[Path, ...]:
    """Return the .jsonl files of `root` or `root/pair_files` in the order of their names; None: in `data/`.

    Without rules these are the three whose names say what they are.
    """
    start = root or Path(DOWNLOADS)
    for folder in (start, start / _BELOW):
        if found := sorted(path for path in folder.glob("*.jsonl") if path.is_file()):
            named = tuple(folder / name for name in _NAMED if (folder / name).is_file())
            return tuple(found) if settings and settings.rules else named
    return ()


def pairs(root: Path | None, settings: PairSettings) -> PairSet:
    """Return the pairs of `raw_paths`, divided by the rules of `settings` or, without rules, by file.

    Raises DataError, naming file and line, if there is no file, a line is no pair, or no rule says what becomes of one.
    """
    paths = raw_paths(root, settings)
    if not paths:
        raise DataError(
            f"neither '{root or DOWNLOADS}' nor its folder '{_BELOW}' holds question-answer pairs",
            expected=SOURCE,
            remedy="put them there, or set data.root to the folder that holds them",
        )
    if settings.rules:
        rows = [(row, where) for path in paths for row, where in _rows(path)]
        return divided(rows, settings.rules, paths, _reader(settings))
    pairs_in = _reader(settings)
    found = {path.stem: tuple(pair for row in _rows(path) for pair in pairs_in(*row)) for path in paths}
    if missing := [name for name in ("train", "validation") if name not in found]:
        raise DataError(
            f"'{paths[0].parent}' has no file {missing[0]}.jsonl",
            expected="train.jsonl and validation.jsonl, or data.pairs.rules that say what becomes of every row",
        )
    kept, forgotten = found["train"], found.get("forget", ())
    lists = {"forget": tuple(range(len(kept), len(kept) + len(forgotten)))} if forgotten else {}
    return PairSet({"train": (*kept, *forgotten), "validation": found["validation"]}, lists, paths)


def _reader(settings: PairSettings) -> Callable[[Mapping[str, Any], str], list[Pair]]:
    """Return a function from a row, and where it is, to its pairs; if every answer is a target, they are a group."""
    numbers = itertools.count()

    def pairs_in(row: Mapping[str, Any], where: str) -> list[Pair]:
        if settings.targets == "last":
            return pairs_of(row, where)[-1:]
        return pairs_of(row, where, f"conversation {next(numbers)}")

    return pairs_in


def _rows(path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    # not splitlines: text may contain U+2028 and others, which are not line ends in JSON
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.strip():
            where = f"line {number} of '{path}'"
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{where} is not JSON ({error})", expected="one object per line") from None
            if not isinstance(row, dict):
                raise DataError(f"{where} is a {type(row).__name__}", expected="an object")
            yield row, where
