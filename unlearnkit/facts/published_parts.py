"""Data sets that are published in parts of one or several files: which files hold a part, and how many rows it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

ENDINGS = (".parquet", ".jsonl", ".json", ".txt")
"""Forms of a part, in the order in which they are looked for."""

MUSE_NEWS: Mapping[str, int] = {
    "raw/forget": 889,
    "raw/retain1": 1777,
    "raw/retain2": 1778,
    "raw/holdout": 3043,
    "verbmem/forget": 100,
    "knowmem/forget_qa": 100,
    "knowmem/forget_qa_icl": 10,
    "knowmem/retain_qa": 100,
    "knowmem/retain_qa_icl": 10,
    "scal/forget_1": 889,
    "scal/forget_2": 1778,
    "scal/forget_3": 2667,
    "scal/forget_4": 3554,
    "sust/forget_1": 889,
    "sust/forget_2": 889,
    "sust/forget_3": 889,
    "sust/forget_4": 887,
}
"""Part -> rows of MUSE-News (Shi et al. 2024, arXiv 2407.06460; huggingface.co/datasets/muse-bench/MUSE-News)."""

MUSE_BOOKS: Mapping[str, int] = {
    "raw/forget": 4,
    "raw/retain1": 12,
    "raw/retain2": 13,
    "raw/holdout": 3,
    "verbmem/forget": 100,
    "knowmem/forget_qa": 100,
    "knowmem/forget_qa_icl": 10,
    "knowmem/retain_qa": 100,
    "knowmem/retain_qa_icl": 10,
}
"""Part -> rows of MUSE-Books (huggingface.co/datasets/muse-bench/MUSE-Books)."""

_WIKITEXT: Mapping[str, int | None] = {"wikitext-2-raw-v1/test": None, "wikitext-2-raw-v1/validation": None}

WMDP_BIO: Mapping[str, int | None] = {"wmdp-corpora/bio-forget-corpus": None, **_WIKITEXT, "wmdp-bio/test": 1273}
"""Part -> rows of WMDP-Bio (Li et al. 2024, arXiv 2403.03218), None: not compared; what is forgotten comes first, then
what is retained, held out, and asked."""

WMDP_CYBER: Mapping[str, int | None] = {"wmdp-corpora/cyber-forget-corpus": 1000, **_WIKITEXT, "wmdp-cyber/test": 1987}
"""Part -> rows of WMDP-Cyber."""

WMDP_DOCUMENTS = 600
"""Documents of each corpus that RMU reads: 150 batches of 4."""


def files_of_part(folder: Path, part: str) -> tuple[Path, ...]:
    """Return the files of a part such as raw/forget: `raw/forget-*.parquet`, or `raw/forget` with one of ENDINGS.

    The first form that is there counts; none if there is none.
    """
    if shards := sorted(folder.glob(f"{part}-*.parquet")):
        return tuple(shards)
    paths = (folder / f"{part}{ending}" for ending in ENDINGS)
    return next(((path,) for path in paths if path.is_file()), ())


def files_of_parts(folder: Path | None, parts: Iterable[str]) -> tuple[Path, ...]:
    """Return the files of some parts, as far as they are there; none without a folder."""
    return tuple(path for part in parts for path in files_of_part(folder, part)) if folder else ()
