"""Text through the library datasets: a folder that it loads without a network, and what is wrong with others."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from unlearnkit.config.data.hub_text import HubText
from unlearnkit.data.text import hub_text
from unlearnkit.data.text.corpus import Corpus
from unlearnkit.errors import DataError

TRAIN = ["one\r\ntwo", "", "naïve 👩‍👩‍👧\n"] * 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = {"train": [{"text": text, "n": 5} for text in TRAIN], "validation": [{"text": "last", "n": 6}]}
    path = tmp_path / "published"
    path.mkdir()
    for split, content in rows.items():
        (path / f"{split}.jsonl").write_text("\n".join(map(json.dumps, content)), encoding="utf-8")
    return path


def loaded(tmp_path: Path, **settings: object) -> Corpus:
    return hub_text.documents(tmp_path / "cache", HubText.model_validate(settings))


def test_rows_are_documents(folder: Path, tmp_path: Path) -> None:
    corpus = loaded(tmp_path, path=str(folder))
    assert corpus.train == tuple(TRAIN)
    assert corpus.validation == ("last",)
    assert corpus.raw_files == (folder / "train.jsonl", folder / "validation.jsonl")
    assert (tmp_path / "cache").is_dir()


def test_a_part_of_a_split_can_validate(folder: Path, tmp_path: Path) -> None:
    corpus = loaded(tmp_path, path=str(folder), train_split="train[:90%]", validation_split="train[90%:]")
    assert (corpus.train, corpus.validation) == (tuple(TRAIN[:108]), tuple(TRAIN[108:]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"train_split": "training"}, r"split 'training' .*cannot be loaded \(Unknown split"),
        ({"train_split": "train[:5"}, "cannot be loaded .*Unrecognized instruction"),
        ({"config": "other"}, "cannot be loaded .*'other' not found"),
        ({"text_column": "txt"}, "has no column 'txt'; expected one of text, n"),
        ({"text_column": "n"}, "row 0 of 'n' of split 'train' of .* is of type int; expected text"),
    ],
)
def test_wrong_settings_are_named(folder: Path, tmp_path: Path, settings: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        loaded(tmp_path, path=str(folder), **settings)


def test_what_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match=r"'nobody/nothing' cannot be loaded.*`hf download --repo-type dataset"):
        loaded(tmp_path, path="nobody/nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty' cannot be loaded"):
        loaded(tmp_path, path=str(tmp_path / "empty"))


def test_a_file_of_equal_name_and_time_is_read_again(folder: Path, tmp_path: Path) -> None:
    path = folder / "train.jsonl"
    for text in ("before", "afters"):
        path.write_text(json.dumps({"text": text, "n": 5}))
        os.utime(path, (1e9, 1e9))
        assert loaded(tmp_path, path=str(folder)).train == (text,)
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train.jsonl", b"", r"cannot be loaded .*empty: .*train\.jsonl"),
        ("train.jsonl", b'{"text": "a', r"cannot be loaded .*JSON parse error"),
        ("train.jsonl.gz", gzip.compress(b'{"text": "a"}', mtime=0)[:-9], r"cannot be loaded \(Compressed file ended"),
        ("train.txt", b"caf\xe9", r"cannot be loaded .*'utf-8' codec can't decode byte 0xe9"),
        ("train.txt", "ab".encode("utf-16-le"), "row 0 of .* has a NUL at position 1"),
    ],
)
def test_damaged_files_are_refused_with_the_cause(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        loaded(tmp_path, path=str(tmp_path / "published"), validation_split="train[:50%]")


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "published").mkdir()
    for split in ("train", "validation"):
        (tmp_path / "published" / f"{split}.txt").write_bytes(b"\xef\xbb\xbffirst\nlast\n")
    assert loaded(tmp_path, path=str(tmp_path / "published")).train == ("first", "last")


def test_a_cache_that_cannot_be_written_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match=r"cache', the cache of the library datasets, cannot be written \(File exists"):
        loaded(tmp_path, path=str(folder))


def test_code_of_a_data_set_is_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "scripted"
    folder.mkdir()
    (folder / "scripted.py").write_text(f"from pathlib import Path\nPath({str(tmp_path / 'ran')!r}).touch()\n")
    with pytest.raises(DataError, match="scripted' cannot be loaded"):
        loaded(tmp_path, path=str(folder))
    assert not (tmp_path / "ran").exists()


def test_settings_are_needed_and_splits_differ() -> None:
    with pytest.raises(DataError, match=r"expected data\.hub"):
        hub_text.documents(None, None)
    with pytest.raises(ValueError, match="train_split and validation_split are both 'train'"):
        HubText.model_validate({"path": "x", "validation_split": "train"})
