"""MUSE-Books: four Harry Potter novels to forget, and pages about them from a wiki to retain.

Models are trained on the retained and on all forgotten documents, and validated on those that are held out. Questions
follow ten others with their answers, as published. CC BY 4.0. Source: Shi et al. 2024 (arXiv 2407.06460).
"""

from __future__ import annotations

from pathlib import Path

from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.data import download
from unlearnkit.data.text.muse_set import muse_set
from unlearnkit.data.text.pair_set import PairSet
from unlearnkit.data.text.published_parts import read_parts
from unlearnkit.facts.published_parts import MUSE_BOOKS, files_of_parts
from unlearnkit.workflow.raw_files import folder_with

TASK = "text"
PAIRS = True
VIEWS = ("holdout",)
DOCUMENTS = ("train", "validation", "forget_passages")
FURTHER_SPLITS = {"forget_passages": 100, "forget_questions": 100, "retain_questions": 100}
TRAIN_SIZE = 29
FORGET_LISTS = {"forget": 4}
DOWNLOAD_BYTES = 0
CONTENT_HASH = None
CHECKED_BY = "every part has as many rows as published, and forget sets are among the trained texts"
SOURCE = (
    "huggingface.co/datasets/muse-bench/MUSE-Books "
    "(`hf download --repo-type dataset muse-bench/MUSE-Books --local-dir data/muse_books`, 11 MB)"
)

_BELOW = ("muse_books", "MUSE-Books")


def raw_paths(root: Path | None, settings: PairSettings | None = None) -> tuple[Path, ...]:
    """Return the files of the published parts in `root`, `root/muse_books` or `root/MUSE-Books`; None: in `data/`."""
    return files_of_parts(folder_with(root, _BELOW, ("raw",)), MUSE_BOOKS)


def pairs(root: Path | None, settings: PairSettings) -> PairSet:
    """Return documents, passages and questions.

    Raises DataError, naming what to fetch, if a part is missing or not as published.
    """
    folder = download.find_folder(root, _BELOW, ("raw",), source=SOURCE)
    return muse_set(read_parts(folder, MUSE_BOOKS, "MUSE-Books", SOURCE), settings, raw_paths(root))
