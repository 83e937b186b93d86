"""TOFU: 4,000 questions and answers about 200 made-up authors, 20 each (Maini et al. 2024; MIT).

Training pairs are the published `full`, validation `holdout10`, which nobody trains on. The published forget sets are
the last 1, 5 and 10 % of the pairs. Paraphrases, of questions too, and wrong answers are published for forget10 and 400
retained pairs; they belong to pairs with the same question and answer, wherever these stand. Real authors and facts
about the world are evaluated and never trained on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unlearnkit.data import download
from unlearnkit.data.text.corpus import read_text
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.errors import DataError

TASK = "text"
PAIRS = True
VIEWS = ("holdout", "refusals", "retain_refusals", "alternatives")
TRAIN_SIZE = 4000
FORGET_LISTS = {"forget01": 40, "forget05": 200, "forget10": 400}
FURTHER_SPLITS = {"authors": 100, "facts": 117}
DOWNLOAD_BYTES = 2_559_843
DOWNLOAD_FOLDER = "tofu"
CONTENT_HASH = "effef6827b305c08be79c22de7523691dc5dde8663d4a2c6b40587e244908bd8"
SOURCE = (
    "huggingface.co/datasets/locuslab/TOFU "
    "(`hf download --repo-type dataset locuslab/TOFU --local-dir data/tofu`, 20 MB)"
)

ADDRESS = "https://huggingface.co/datasets/locuslab/TOFU/resolve/main/"
SHA256: Mapping[str, str] = {
    "full.json": "667baef2f26f781f1328701d8ea54bf25123ff22fb2d98574c96cd991cb54086",
    "forget10_perturbed.json": "6fbcb946c57ea1d7b2124cea0e61bf3b5409d1bc10d02368f090109450ed73c7",
    "retain_perturbed.json": "fc69f33bad70d3dca65920bdb54380039e3e8872dd16bbae20c1a839b99533fb",
    "holdout10.json": "efec32c7a7f66bfefaa90b8a4cc583296b0bbf882495db61076dec2d6edf44dd",
    "real_authors_perturbed.json": "a23255383ac75a5fbe5acd57622a03fb9c368954fd7b2428afa152b784d9533a",
    "world_facts_perturbed.json": "0e171838040d0ec94b1ce248d891508e85e3b77344370077caa27b61898eb3e1",
}
"""The files that are read, with the SHA-256 of those on the hub."""

PER_AUTHOR = 20


def pairs(root: Path | None, settings: object = None) -> PairSet:
    """Return all pairs; the files lie in `root` or `root/tofu`, None downloads them; `settings` are not used.

    Raises DataError, naming file and line, if a file is missing or is not what is published.
    """
    folder = download.find_folder(root, (DOWNLOAD_FOLDER,), tuple(SHA256), source=SOURCE) if root else _downloaded()
    files = {name: folder / name for name in SHA256}
    rows = {name: _rows(file) for name, file in files.items()}
    full = rows["full.json"]
    # by question and answer, not by row: the files have other numbers of rows, and no two pairs have both in common
    evaluated = {(row["question"], row["answer"]): row for name in _EVALUATED for row in rows[name]}
    train = tuple(
        _pair(row | evaluated.get((row["question"], row["answer"]), {}), f"author {number // PER_AUTHOR}")
        for number, row in enumerate(full)
    )
    count = len(train)
    splits = {"train": train, "validation": tuple(_pair(row) for row in rows["holdout10.json"])}
    splits |= {name: tuple(_pair(row) for row in rows[file]) for name, file in _FURTHER.items()}
    lists = {name: tuple(range(count - size, count)) for name, size in FORGET_LISTS.items() if size < count}
    return PairSet(splits, lists, tuple(files.values()))


_EVALUATED = ("forget10_perturbed.json", "retain_perturbed.json")
_FURTHER = {"authors": "real_authors_perturbed.json", "facts": "world_facts_perturbed.json"}


def _downloaded() -> Path:
    folder = download.DOWNLOAD_FOLDER / DOWNLOAD_FOLDER
    for name, digest in SHA256.items():
        download.download_file(ADDRESS + name, folder / name, digest)
    return folder


def _pair(row: Mapping[str, Any], group: str = "") -> Pair:
    wrong, reworded = row.get("perturbed_answer", ()), row.get("paraphrased_question")
    answers = row["answer"], row.get("paraphrased_answer"), tuple(wrong)
    return Pair(row["question"], *answers, group, paraphrased_question=reworded)


def _rows(file: Path) -> list[dict[str, Any]]:
    if not file.is_file():
        raise DataError(f"'{file}' is missing", expected=f"{', '.join(SHA256)}", remedy=f"get it from {SOURCE}")
    lines = enumerate(read_text(file).split("\n"), 1)
    return [_row(line, f"line {number} of '{file}'") for number, line in lines if line.strip()]


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is not JSON ({error})", expected="one object per line, as published") from None
    if not isinstance(row, dict) or not {"question", "answer"} <= row.keys():
        raise DataError(f"{where} has no question and answer", expected="an object with both, as published")
    return row
