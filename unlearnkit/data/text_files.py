"""Your own text: a folder with `train/` and `validation/`, in which every .txt file and .jsonl line is a document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from unlearnkit.config.hub_text import HubText
from unlearnkit.data.corpus import Corpus, checked_text, read_text
from unlearnkit.errors import DataError
from unlearnkit.layout import DOWNLOADS

TASK = "text"
DOWNLOAD_BYTES = 0
CONTENT_HASH = None
CHECKED_BY = "every file is UTF-8, every line of a .jsonl file an object with a text; state data.content_hash for more"
SOURCE = "your own files (train/*.txt and validation/*.txt, or .jsonl files whose lines have a field text)"

_SPLITS = ("train", "validation")
_SUFFIXES = (".txt", ".jsonl")
_BELOW = "text_files"


def raw_paths(root: Path | None, settings: HubText | None = None) -> tuple[Path, ...]:
    """Return the files of both splits in the order in which they are read, those that train first.

    The folders `train` and `validation` lie in `root` or `root/text_files`; `root` None: in `data/`. `settings` are not
    used. What is missing is left out.
    """
    start = root or Path(DOWNLOADS)
    for folder in (start, start / _BELOW):
        if any((folder / split).is_dir() for split in _SPLITS):
            found = [sorted((folder / split).glob("*"), key=lambda path: path.name) for split in _SPLITS]
            return tuple(path for split in found for path in split if path.suffix.lower() in _SUFFIXES)
    return ()


def documents(root: Path | None, settings: HubText | None = None) -> Corpus:
    """Return the documents of `raw_paths`, in the order of the file names, then of the lines.

    A `.txt` file is one document, exactly as it is; a line of a `.jsonl` file is one, the value of its field `text`.
    Raises DataError, naming file and line, if a split has no file or something is no text.
    """
    paths = raw_paths(root)
    files = {split: [path for path in paths if path.parent.name == split] for split in _SPLITS}
    for split, found in files.items():
        if not found:
            raise _missing(root or Path(DOWNLOADS), split)
    train, validation = (tuple(text for file in found for text in _documents(file)) for found in files.values())
    return Corpus(train, validation, paths)


def _missing(start: Path, split: str) -> DataError:
    for around in (start, start / _BELOW):
        if any((around / each).is_dir() for each in _SPLITS):
            folder = around / split
            return DataError(
                f"'{folder}' has no {' or '.join(_SUFFIXES)} file"
                if folder.is_dir()
                else f"'{folder}' is not a folder",
                expected="the documents of this split",
                remedy=f"put {SOURCE} there",
            )
    return DataError(
        f"neither '{start}' nor '{start / _BELOW}' has the folders {' and '.join(_SPLITS)}",
        expected=f"in both the documents of the split, {' or '.join(_SUFFIXES)} files",
        remedy="make them, and name the folder around them as data.root",
    )


def _documents(file: Path) -> Iterator[str]:
    content = read_text(file)
    if file.suffix.lower() == ".txt":
        yield content
        return
    # not splitlines: text may have U+2028 and others that JSON does not take for line ends
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            yield _text(line, f"line {number} of '{file}'")


def _text(line: str, where: str) -> str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is not JSON ({error})", expected='an object such as {"text": "..."}') from None
    if not isinstance(row, dict) or "text" not in row:
        raise DataError(f"{where} has no field text", expected='an object such as {"text": "..."}')
    return checked_text(row["text"], f"the field text in {where}")
