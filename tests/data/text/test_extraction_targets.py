"""Extraction targets: rows of lists first, texts of tokens, questions of passages and turns, other files refused."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.data.text import extraction_targets as targets
from unlearnkit.data.text.pair_loading import load_pairs
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.errors import DataError

SHARED = Path(os.environ.get("UNLEARNKIT_SHARED", "-")) / "data"
published = pytest.mark.skipif(not (SHARED / "icu").is_dir(), reason="the published extraction targets are not here")
FEW = 40
LISTS = ([7, 3], [9, 3, 30], [1], [2], [30, 0])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty documents of four tokens, whose texts are their numbers, in files as the publishers name them."""
    from tokenizers.models import BPE

    (tmp_path / "icu").mkdir()
    (tmp_path / "lm_extraction").mkdir()
    letters = {str(number): number for number in range(10)} | {"\u0120": 10}  # as GPT-2 writes a space
    tokens = [[10, number // 10, number % 10, 10] for number in range(FEW)]
    np.save(tmp_path / "lm_extraction" / targets.TARGETS, np.array(tokens, np.uint16))
    for number, rows in enumerate(LISTS):
        write(tmp_path / f"icu/lm_extraction_128_{number}.csv", [{"doc_id": row, "text": "a,\r\nb"} for row in rows])
    write(tmp_path / "icu/lambada.csv", [{"text": "She said\nit was  late ", "task": "lambada"}])
    write(tmp_path / "icu/wikitext.csv", [{"": 0, "text": " = Title = \n"}])
    (tmp_path / "icu/wizard_of_wikipedia.json").write_text(json.dumps({"text": {"0": ["Hi. ", "Hello", " Who?"]}}))
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.rglob("*.*")}
    monkeypatch.setattr(targets, "SHA256", {name: hashes[name] for name in targets.SHA256})
    monkeypatch.setattr(targets, "SHAPE", (FEW, 4))
    monkeypatch.setattr(targets, "VALIDATION_SIZE", 3)
    monkeypatch.setattr(targets, "FORGET_LISTS", {Path(name).stem: 0 for name in targets._LISTS} | {"targets_4": 4})
    monkeypatch.setattr(targets, "hub_tables", lambda _: BPE(letters, []))
    return tmp_path


def write(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)


def test_documents_of_the_lists_come_first_and_those_that_none_names_validate(folder: Path) -> None:
    found = targets.pairs(folder)
    train = [pair.answer for pair in found.splits["train"]]
    # each list in the order of its rows, without what an earlier one has
    assert train[:8] == [" 03 ", " 07 ", " 09 ", " 30 ", " 01 ", " 02 ", " 00 ", " 04 "] and len(train) == FEW - 3
    assert [pair.answer for pair in found.splits["validation"]] == [" 37 ", " 38 ", " 39 "]
    assert all(pair.document and not pair.question for pair in (*found.splits["train"], *found.splits["wikitext"]))
    named = {name: [train[at] for at in chosen] for name, chosen in found.forget_lists.items()}
    for number, rows in enumerate(LISTS):
        assert named[f"lm_extraction_128_{number}"] == [f" {row:02} " for row in sorted(rows)]
    assert named["targets_4"] == train[:4]


def test_documents_that_end_as_others_are_no_validation() -> None:
    tokens = np.arange(6)[:, None] + 10 * np.arange(60)[None]
    tokens[5, -50:], tokens[4, :10] = tokens[1, -50:], tokens[0, :10]
    rows, position = targets.ordered([[3], [3, 0]], tokens, 2)
    assert rows == [3, 0, 1, 5, 2, 4] == sorted(position, key=lambda row: position[row])


def test_passages_ask_for_their_last_word_and_dialogues_for_their_last_turn(folder: Path) -> None:
    found = targets.pairs(folder)
    assert found.splits["lambada"] == (Pair("She said\nit was", "late"),)
    assert found.splits["dialogue"] == (Pair("User 1: Hi.\nUser 2: Hello\nUser 1:", "Who?"),)


def test_other_files_are_named(folder: Path) -> None:
    (folder / "icu/lambada.csv").write_text("text\nOne two\n")
    with pytest.raises(DataError, match=r"lambada.csv' is not the published file: its SHA-256 is .*Get it from github"):
        targets.pairs(folder)
    np.save(folder / "lm_extraction" / targets.TARGETS, np.zeros((FEW, 5), np.int64))
    with pytest.raises(
        DataError, match=r"holds int64 \[40, 5\]; expected uint16 \[40, 4\], documents of 200 GPT-2 tok"
    ):
        targets.pairs(folder)
    (folder / "lm_extraction" / targets.TARGETS).write_bytes(b"no array")
    with pytest.raises(DataError, match=r"train_dataset.npy' is not a NumPy array"):
        targets.pairs(folder)
    (folder / "icu/wikitext.csv").unlink()
    with pytest.raises(DataError, match=r"no wikitext.csv in .*; expected the data set in one of these folders"):
        targets.pairs(folder)


@pytest.fixture(scope="module")
def whole() -> PairSet:
    return load_pairs("extraction_targets", SHARED, PairSettings.model_validate({}))[0]


@published
def test_the_published_files_are_read_whole(whole: PairSet) -> None:
    sizes = {split: len(own) for split, own in whole.splits.items()}
    assert sizes == {"train": targets.TRAIN_SIZE, "validation": targets.VALIDATION_SIZE, **targets.FURTHER_SPLITS}
    assert {name: len(chosen) for name, chosen in whole.forget_lists.items()} == targets.FORGET_LISTS


@published
def test_documents_are_those_that_the_lists_print(whole: PairSet) -> None:
    train, same = whole.splits["train"], 0
    for number in range(5):
        with (SHARED / f"icu/lm_extraction_128_{number}.csv").open(newline="") as stream:
            rows = sorted(csv.DictReader(stream), key=lambda row: int(row["doc_id"]))
        chosen = whole.forget_lists[f"lm_extraction_128_{number}"]
        same += sum(train[at].answer == row["text"] for at, row in zip(chosen, rows, strict=True))
    # the others differ in line ends, or in spaces that a tokenizer's clean-up removes
    assert same == 576
