"""Your own text: a folder with `train/` and `validation/`, in which every .txt file and .jsonl line is a document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from unlearnkit.config.data.hub_text import HubText
from unlearnkit.data.text.corpus import Corpus, checked_text, read_text
from unlearnkit.errors import DataError
from unlearnkit.layout import DOWNLOADS

TASK = "text"
DOWNLOAD_BYTES = 0
CONTENT_HASH = None
CHECKED_BY = "every file is UTF-8, every line of a .jsonl file an object with a text; data.content_hash pins them"
SOURCE = "your own files (train/*.txt and validation/*.txt, or .jsonl files whose lines have a field text)"

_SPLITS = ("train", "validation")
_SUFFIXES = (".txt", ".jsonl")
_BELOW = "text_files"


def raw_paths(root: Path | None, settings: HubText | None = None) -> tuple[Path, ...]:
    """Return the files of both splits and of the folders in them, in the order of their paths, training files first.

    The folders `train` and `validation` lie in `root` or `root/text_files`; `root` None: in `data/`. `settings` are not
    used. Missing folders are left out, and so are files and folders whose names begin with a dot.
    """
    start = root or Path(DOWNLOADS)
    for folder in (start, start / _BELOW):
        if any((folder / split).is_dir() for split in _SPLITS):
            found = [path for split in _SPLITS for path in sorted((folder / split).rglob("*"))]
            inside = {path: path.relative_to(folder).parts for path in found if path.is_symlink() or not path.is_dir()}
            return tuple(path for path, parts in inside.items() if not any(part.startswith(".") for part in parts))
    return ()


def documents(root: Path | None, settings: HubText | None = None) -> Corpus:
    """Return the documents of `raw_paths`, in the order of the file names, then of the lines.

    A `.txt` file is one document, exactly as it is; so is each line of a `.jsonl` file, the value of its field `text`.
    Raises DataError, naming file and line, if a split has no file, there are other files, or something is not text.
    """
    paths, around = raw_paths(root), _around(root or Path(DOWNLOADS))
    files = {split: [path for path in paths if path.is_relative_to(around / split)] for split in _SPLITS}
    for split, found in files.items():
        if not found:
            raise _missing(around / split)
    others = [str(path) for path in paths if path.suffix.lower() not in _SUFFIXES or path.is_dir()]
    if others:
        raise DataError(
            f"{len(others)} of the {len(paths)} files cannot be read as text: {', '.join(others[:5])}"
            f"{', ...' if others[5:] else ''}",
            expected=f"{' and '.join(_SUFFIXES)} files only, so that no document is left out by mistake; folders must "
            "not be links",
            remedy="convert or rename them, or move them elsewhere",
        )
    train, validation = (tuple(text for file in found for text in _documents(file)) for found in files.values())
    return Corpus(train, validation, paths)


def _around(start: Path) -> Path:
    """Return the folder that holds a split; raises DataError if there is none."""
    for folder in (start, start / _BELOW):
        if any((folder / split).is_dir() for split in _SPLITS):
            return folder
    raise DataError(
        f"neither '{start}' nor '{start / _BELOW}' has the folders {' and '.join(_SPLITS)}",
        expected=f"these two folders, each with the documents of its split as {' or '.join(_SUFFIXES)} files",
        remedy="create them, and set data.root to the folder that contains them",
    )


def _missing(folder: Path) -> DataError:
    return DataError(
        f"'{folder}' has no {' or '.join(_SUFFIXES)} file" if folder.is_dir() else f"'{folder}' is not a folder",
        expected="the documents of this split",
        remedy=f"put {SOURCE} there",
    )


def _documents(file: Path) -> Iterator[str]:
    content = read_text(file)
    if file.suffix.lower() == ".txt":
        yield content
        return
    # not splitlines: text may contain U+2028 and others, which are not line ends in JSON
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
