"""Any text data set of the Hugging Face Hub, or a folder in its format, read by the library datasets."""

from __future__ import annotations

import tempfile
from pathlib import Path

from unlearnkit.config.data.hub_text import HubText
from unlearnkit.data.language_packages import missing_package
from unlearnkit.data.text.corpus import Corpus, checked_text
from unlearnkit.errors import DataError

TASK = "text"
DOWNLOAD_BYTES = 0
CONTENT_HASH = None
CHECKED_BY = "every row of the column is text; data.hub.revision and data.content_hash pin the content"
SOURCE = "huggingface.co/datasets, under the name in data.hub.path"

_KEPT_BESIDE = (".cache", ".git")
"""Folders in which `hf download` and git keep records: not data, and rewritten by every call."""


def raw_paths(root: Path | None, settings: HubText | None) -> tuple[Path, ...]:
    """Return the files of the folder that `settings` names, in the order of their paths; none for a name on the Hub."""
    folder = Path(settings.path) if settings else None
    if folder is None or not folder.is_dir():
        return ()
    found = (path for path in sorted(folder.rglob("*")) if not path.is_dir())
    return tuple(
        path for path in found if not any(part in _KEPT_BESIDE for part in path.relative_to(folder).parts[:-1])
    )


def documents(root: Path | None, settings: HubText | None) -> Corpus:
    """Return one document per row of the two splits that `settings` names.

    `root` is the cache folder of the library datasets; None: its default on this machine. The rows of a local folder
    are not kept there, since the library would take a file of equal name and time for the same. Code that comes with a
    data set is never run. Raises DataError if the library, the data set, a split or the column is missing, or a value
    is not text.
    """
    if settings is None:
        raise DataError("the data set hub_text has no settings", expected="data.hub, with at least a path")
    try:
        from datasets import config, disable_progress_bars
    except ImportError as error:
        raise missing_package("datasets", "reads text data sets of the Hugging Face Hub", error) from None
    disable_progress_bars()  # they would fill the log of a job
    cache = root or Path(config.HF_DATASETS_CACHE)
    raw_files = raw_paths(root, settings)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        passing = tempfile.TemporaryDirectory(dir=cache)
    except OSError as error:
        raise DataError(
            f"'{cache}', the cache of the library datasets, cannot be written ({error.strerror})",
            expected="a writable folder",
            remedy="set data.root to one",
        ) from None
    with passing:
        kept = Path(passing.name) if Path(settings.path).is_dir() else cache
        splits = [
            _rows(settings, split, kept, raw_files) for split in (settings.train_split, settings.validation_split)
        ]
    return Corpus(splits[0], splits[1], raw_files)


def _rows(settings: HubText, split: str, cache: Path, raw_files: tuple[Path, ...]) -> tuple[str, ...]:
    from datasets import Dataset, load_dataset

    try:
        found = load_dataset(
            settings.path, settings.config, split=split, revision=settings.revision, cache_dir=str(cache)
        )
    # it calls readers of all formats and the network, each with errors of its own
    except Exception as error:
        empty = [str(path) for path in raw_files if not path.stat().st_size]
        reasons = [_reason(error), *([f"empty: {', '.join(empty)}"] if empty else [])]
        raise DataError(
            f"split '{split}' of the data set '{settings.path}' cannot be loaded ({'; '.join(reasons)})",
            expected="a text data set on huggingface.co or in a folder",
            remedy="correct data.hub or the files in that folder"
            if Path(settings.path).is_dir()
            else "correct data.hub; without a network, fetch the data set on a machine that has one with "
            f"`hf download --repo-type dataset {settings.path} --local-dir FOLDER` and set data.hub.path to FOLDER",
        ) from None
    if not isinstance(found, Dataset) or settings.text_column not in found.column_names:
        raise DataError(
            f"the data set '{settings.path}' has no column '{settings.text_column}'",
            expected=f"one of {', '.join(found.column_names or [])}",
            remedy="correct data.hub.text_column",
        )
    where = f"'{settings.text_column}' of split '{split}' of '{settings.path}'"
    return tuple(checked_text(value, f"row {row} of {where}") for row, value in enumerate(found[settings.text_column]))


def _reason(error: BaseException) -> str:
    """Return the text of an error and of its root cause."""
    first = last = error
    while last.__cause__:
        last = last.__cause__
    texts = dict.fromkeys(" ".join(str(each).split())[:300] or type(each).__name__ for each in (first, last))
    return ": ".join(texts)
