"""Text by registered name: the published content, the stated content, folders, and what is read without an import."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unlearnkit import registry
from unlearnkit.config.data.hub_text import HubText
from unlearnkit.data.text.text_loading import load_corpus, load_token_files
from unlearnkit.data.text.token_shards import write_shard
from unlearnkit.declarations import declarations
from unlearnkit.errors import DataError

TEXTS = ("tiny_shakespeare", "text_files", "hub_text", "fineweb")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for split in ("train", "validation"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "a.txt").write_text(split)
    return tmp_path


def test_the_published_text_has_the_published_hash(shared_data: Path) -> None:
    corpus, found = load_corpus("tiny_shakespeare", shared_data)
    assert found == corpus.content_hash == declarations("unlearnkit.data.text.tiny_shakespeare").CONTENT_HASH


def test_other_text_under_a_published_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "input.txt").write_text("To be, or not to be")
    with pytest.raises(DataError, match="readable but not the published tiny_shakespeare: content hash"):
        load_corpus("tiny_shakespeare", tmp_path)


def test_stated_content_is_compared(files: Path) -> None:
    _, found = load_corpus("text_files", files)
    assert load_corpus("text_files", files, content_hash=found)[1] == found
    (files / "train" / "a.txt").write_text("train\n")
    with pytest.raises(DataError, match=f"readable text_files with the content hash .*; expected {found}"):
        load_corpus("text_files", files, content_hash=found)


def test_settings_reach_the_hub(files: Path) -> None:
    cache = files / "cache"
    cache.mkdir()
    settings = HubText.model_validate({"path": str(files / "train"), "validation_split": "train[:100%]"})
    assert load_corpus("hub_text", cache, settings)[0].train == ("train",)


def test_shards_by_name(tmp_path: Path) -> None:
    for name in ("fineweb_train_000001.bin", "fineweb_val_000000.bin"):
        write_shard(tmp_path / name, np.arange(3))
    files = load_token_files("fineweb", tmp_path)
    assert [path.name for path in (*files.train, *files.validation)] == [
        path.name for path in sorted(tmp_path.iterdir())
    ]


@pytest.mark.parametrize("name", TEXTS)
def test_a_root_that_is_no_folder_is_named(name: str, tmp_path: Path) -> None:
    load = load_token_files if name == "fineweb" else load_corpus
    with pytest.raises(
        DataError, match=f"absent' does not exist; expected the folder that holds the raw files of {name}"
    ):
        load(name, tmp_path / "absent")


@pytest.mark.parametrize("name", TEXTS)
def test_what_the_configuration_needs_is_read_without_an_import(name: str) -> None:
    declared = vars(declarations(registry.locate("data set", name)))
    assert declared["TASK"] == "text"
    assert {"SOURCE", "DOWNLOAD_BYTES", "CONTENT_HASH"} <= declared.keys()
    assert declared["CONTENT_HASH"] or declared["CHECKED_BY"]
    assert declared.get("TOKENISED", False) is (name == "fineweb")
    module = registry.load("data set", name)
    constants = [key for key in declared if key.isupper()]
    assert constants == [key for key in vars(module) if key.isupper()]
    assert all(declared[key] == getattr(module, key) for key in constants)
    assert callable(module.shards if name == "fineweb" else module.documents)
