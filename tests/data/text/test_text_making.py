"""From streams to a text set: what the rule gets, and which sizes are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unlearnkit.data.text.text_making import make_text_set, text_set_of
from unlearnkit.data.text.token_shards import Stream, write_shard
from unlearnkit.errors import DataError

END_OF_TEXT = 50_256
SETTINGS = {
    "name": "fineweb",
    "sequence_length": 8,
    "forget_unit": "sequence",
    "unit_sequences": None,
    "train_size": 5,
    "validation_size": 2,
    "content_hash": None,
}


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    for name, tokens in {"train_000001": range(100), "val_000000": range(100, 120)}.items():
        write_shard(tmp_path / f"fineweb_{name}.bin", np.array(tokens))
    return tmp_path


def test_published_tokens_are_compared_with_the_stated_content(shards: Path) -> None:
    found = text_set_of(SETTINGS, [], shards, print).content_hash
    assert text_set_of(SETTINGS | {"content_hash": found}, [], shards, print).content_hash == found
    with pytest.raises(DataError, match=f"fineweb with the content hash {found}; expected {'a' * 64}, the value of"):
        text_set_of(SETTINGS | {"content_hash": "a" * 64}, [], shards, print)


def test_shards_that_are_not_needed_are_not_recorded(shards: Path) -> None:
    write_shard(shards / "fineweb_train_000002.bin", np.arange(9))
    read = {size: text_set_of(SETTINGS | {"train_size": size}, [], shards, print) for size in (12, 13)}
    names = {size: [path.name for path in text_set.raw_files] for size, text_set in read.items()}
    first, second, validation = (f"fineweb_{name}.bin" for name in ("train_000001", "train_000002", "val_000000"))
    assert names == {12: [first, validation], 13: [first, second, validation]}
    assert read[13].tokens[:104].tolist() == [*range(100), *range(4)]
    # forget sets and weights hang on this hash: it is that of the tokens, however they were put together
    assert read[13].content_hash == "bbece0d39061774484bd8a79a7334d96470e93674e3975256e7967cc59f7e731"


def test_published_tokens_end_with_gpt2s_end_of_text(shards: Path) -> None:
    assert text_set_of(SETTINGS, [], shards, print).vocabulary_size == 50_257
    write_shard(shards / "fineweb_val_000000.bin", np.array([50_256, *range(10), 50_256, 1]))
    documents = SETTINGS | {"forget_unit": "document", "train_size": 13, "validation_size": 3}
    assert text_set_of(documents, [], shards, print).units.tolist() == [0] * 13 + [1, 1, 2]


def test_equal_shards_in_both_splits_are_refused(shards: Path) -> None:
    (shards / "fineweb_val_000000.bin").write_bytes((shards / "fineweb_train_000001.bin").read_bytes())
    with pytest.raises(DataError, match="2 of the 2 sequences of the validation split are also in the training split"):
        text_set_of(SETTINGS, [], shards, print)


def published(folder: Path, shards: list[np.ndarray]) -> Path:
    """Write the shards of a training split, and one that validates: five documents of three tokens."""
    folder.mkdir()
    write_shard(folder / "fineweb_val_000000.bin", np.array([END_OF_TEXT, 1, 2] * 5))
    for number, tokens in enumerate(shards, 1):
        write_shard(folder / f"fineweb_train_{number:06d}.bin", tokens)
    return folder


def outcome(folder: Path, length: int, size: int) -> tuple[str, list[str]]:
    """Return the content hash of the data set, or what is wrong, and the names of the training shards it is made of."""
    settings = SETTINGS | {"forget_unit": "document", "sequence_length": length, "train_size": size}
    try:
        found = text_set_of(settings, [], folder, print)
    except DataError as error:
        return str(error), []
    return found.content_hash, [path.name[8:-4] for path in found.raw_files if "train" in path.name]


def test_documents_are_looked_for_in_as_many_shards_as_hold_them(tmp_path: Path) -> None:
    """Whatever the borders of the shards cut: all in one shard give the same, an error included."""
    drawn = np.random.RandomState(0)
    for trial in range(12):
        stream = np.where(drawn.rand(60) < 0.3, END_OF_TEXT, np.arange(60))
        borders = np.unique(drawn.randint(1, 60, 6))
        joined = published(tmp_path / f"joined{trial}", [stream])
        split = published(tmp_path / f"split{trial}", np.split(stream, borders))
        for length in (3, 4, 9):
            for size in range(2, 24):
                whole, parts = outcome(joined, length, size), outcome(split, length, size)
                assert parts[0] == whole[0]


def test_shards_behind_the_last_document_that_is_asked_for_are_not_looked_at(tmp_path: Path) -> None:
    document, alone = [END_OF_TEXT, 1, 2, 3], [END_OF_TEXT]
    shards = [np.array(tokens) for tokens in (document * 2, document * 2, [4, 5, *document], [6, *alone], document)]
    folder = published(tmp_path / "shards", shards)
    # the last document of the first shard ends there, that of the second goes on in the third
    used = {size: len(outcome(folder, 4, size)[1]) for size in (2, 3, 4, 5, 6)}
    assert used == {2: 1, 3: 2, 4: 0, 5: 3, 6: 0}
    assert "which cuts forget unit 3 in two; expected 3 or 5" in outcome(folder, 4, 4)[0]
    (folder / "fineweb_train_000004.bin").write_bytes(b"no shard")
    assert len(outcome(folder, 4, 5)[1]) == 3
    assert "000004.bin has 8 bytes" in outcome(folder, 4, 6)[0]


def cut(stream: np.ndarray, **changes: Any) -> Any:
    """Return the text set of a stream that both splits have."""
    settings: dict[str, Any] = {"length": 4, "unit": "document", "unit_sequences": None, "train_size": 1}
    settings |= {"validation_size": 1, "vocabulary_size": 100, "end_of_text": 99}
    return make_text_set(Stream([stream]), Stream([stream]), **settings | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_size": 2}, "data.train_size is 2, which cuts forget unit 0 in two; expected 3 sequences"),
        ({"train_size": 4}, "data.train_size is 4, which cuts forget unit 1 in two; expected 3 or 5 sequences"),
        ({"train_size": 3, "validation_size": 9}, "data.validation_size is 9, but there are 5 validation sequences"),
        ({"length": 50, "unit": "sequence"}, "the train split has 19 tokens, but no sequence of 50"),
        ({"length": 2}, "sequences of 2 tokens are too short for .* document; expected at least 3. Raise data.seq"),
        ({"train_size": 3, "vocabulary_size": 99}, "the data contain token 99"),
    ],
)
def test_sizes_that_do_not_fit_are_named(changes: dict[str, Any], message: str) -> None:
    stream = np.array([99, *range(10), 99, *range(7)], np.uint16)
    with pytest.raises(DataError, match=message):
        cut(stream, **changes)
