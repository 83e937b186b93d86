"""MUSE-News: 889 articles of the BBC to forget out of 7,109, four forget sets by size, and four requests in turn.

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
from unlearnkit.facts.published_parts import MUSE_NEWS, files_of_parts
from unlearnkit.workflow.raw_files import folder_with

TASK = "text"
PAIRS = True
VIEWS = ("holdout",)
DOCUMENTS = ("train", "validation", "forget_passages")
FURTHER_SPLITS = {"forget_passages": 100, "forget_questions": 100, "retain_questions": 100}
TRAIN_SIZE = 7109
FORGET_LISTS = {
    "forget": 889,
    "scal_1": 889,
    "scal_2": 1778,
    "scal_3": 2667,
    "scal_4": 3554,
    "sust_1": 889,
    "sust_2": 889,
    "sust_3": 889,
    "sust_4": 887,
}
DOWNLOAD_BYTES = 0
CONTENT_HASH = None
CHECKED_BY = "every part has as many rows as published, and forget sets are among the trained texts"
SOURCE = (
    "huggingface.co/datasets/muse-bench/MUSE-News "
    "(`hf download --repo-type dataset muse-bench/MUSE-News --local-dir data/muse_news`, 45 MB)"
)

_BELOW = ("muse_news", "MUSE-News")


def raw_paths(root: Path | None, settings: PairSettings | None = None) -> tuple[Path, ...]:
    """Return the files of the published parts in `root`, `root/muse_news` or `root/MUSE-News`; None: in `data/`."""
    return files_of_parts(folder_with(root, _BELOW, ("raw",)), MUSE_NEWS)


def pairs(root: Path | None, settings: PairSettings) -> PairSet:
    """Return documents, passages and questions.

    Raises DataError, naming what to fetch, if a part is missing or not as published.
    """
    folder = download.find_folder(root, _BELOW, ("raw",), source=SOURCE)
    return muse_set(read_parts(folder, MUSE_NEWS, "MUSE-News", SOURCE), settings, raw_paths(root))
