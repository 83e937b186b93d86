"""GPT-2's tokenizer from the published files, against published encodings and tokens."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from unlearnkit.config.data.tokenizer import GPT2_VOCABULARY, Gpt2Tokenizer
from unlearnkit.data.text.tokenizer import TextTokenizer
from unlearnkit.data.text.tokenizer_making import make_tokenizer
from unlearnkit.errors import DataError


@pytest.fixture(scope="module")
def published(shared_data: Path) -> Path:
    return shared_data / "gpt2_tokenizer"


@pytest.fixture(scope="module")
def gpt2(published: Path) -> TextTokenizer:
    return tokenizer_in(published)


def tokenizer_in(folder: Path) -> TextTokenizer:
    return make_tokenizer(Gpt2Tokenizer.model_validate({"kind": "gpt2", "folder": str(folder)}), [])


def test_published_encodings(gpt2: TextTokenizer) -> None:
    assert gpt2.stream(["Hello world"]).tolist() == [50256, 15496, 995]
    assert gpt2.stream(["Hello, I'm a language model,"]).tolist() == [50256, 15496, 11, 314, 1101, 257, 3303, 2746, 11]
    assert (gpt2.vocabulary_size, gpt2.end_of_text) == (GPT2_VOCABULARY, 50256)


def test_tiny_shakespeare_has_the_tokens_that_nanogpt_counts(gpt2: TextTokenizer, shared_data: Path) -> None:
    text = (shared_data / "tiny_shakespeare" / "input.txt").read_bytes().decode()
    train, validation = gpt2.encode([text[: len(text) * 9 // 10], text[len(text) * 9 // 10 :]])
    # the numbers in its data/shakespeare/readme.md, plus end of text
    assert (len(train), len(validation)) == (301_966 + 1, 36_059 + 1)
    assert gpt2.decode(train) + gpt2.decode(validation) == text


def test_real_tokens_come_back(gpt2: TextTokenizer, shared_data: Path) -> None:
    rows = np.load(shared_data / "lm_extraction" / "train_dataset.npy")[:2000]
    texts = [gpt2.decode(row) for row in rows]
    encoded = [tokens[1:] for tokens in gpt2.encode(texts)]
    assert [gpt2.decode(tokens) for tokens in encoded] == texts
    # a row is cut out of a document, sometimes within a word or a character, which is then encoded otherwise
    same = sum(np.array_equal(tokens, row) for tokens, row in zip(encoded, rows, strict=True))
    assert same >= 0.98 * len(rows)


def test_every_form_of_the_files_gives_the_same_tokenizer(gpt2: TextTokenizer, published: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
    (one / "vocab.json").symlink_to(published / "encoder.json")
    (one / "merges.txt").symlink_to(published / "vocab.bpe")
    (two / "tokenizer.json").write_text(gpt2.definition)
    assert tokenizer_in(one).definition == tokenizer_in(two).definition == gpt2.definition
    definition = json.loads(gpt2.definition)
    # as older files have the merges
    definition["model"]["merges"] = [" ".join(pair) for pair in definition["model"]["merges"]]
    (two / "tokenizer.json").write_text(json.dumps(definition))
    assert tokenizer_in(two).definition == gpt2.definition


def test_other_tables_are_refused(published: Path, tmp_path: Path) -> None:
    (tmp_path / "encoder.json").symlink_to(published / "encoder.json")
    lines = (published / "vocab.bpe").read_text(encoding="utf-8").split("\n")
    lines[10], lines[11] = lines[11], lines[10]
    (tmp_path / "vocab.bpe").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match=r"vocab\.bpe' hold 50,257 tokens and 50,000 merges, not those of GPT-2"):
        tokenizer_in(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("vocab.bpe", "#version: 0.2\nĠ t h\n", "cannot be read as a tokenizer"),
        ("encoder.json", "[", "cannot be read as a tokenizer"),
        ("encoder.json", "{}", "cannot be read as a tokenizer"),
        ("vocab.bpe", None, "holds no tokenizer"),
    ],
)
def test_damaged_files_are_named(published: Path, tmp_path: Path, name: str, content: str | None, message: str) -> None:
    for file in ("encoder.json", "vocab.bpe"):
        if file != name:
            (tmp_path / file).symlink_to(published / file)
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message) as error:
        tokenizer_in(tmp_path)
    assert str(tmp_path) in str(error.value)


def test_what_the_hub_does_not_have_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    for name in ("openai-community/gpt2", "no/such/name"):
        with pytest.raises(DataError, match=f"tokenizer of '{name}' cannot be downloaded"):
            make_tokenizer(Gpt2Tokenizer.model_validate({"kind": "gpt2", "hub": name}), [])


def test_the_hub_is_read_through_its_cache(
    gpt2: TextTokenizer, published: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repository = tmp_path / "models--openai-community--gpt2"
    commit = "607a30d783dfa663caf39e06633721c8d4cfcd7e"
    snapshot = repository / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    (snapshot / "vocab.json").symlink_to(published / "encoder.json")
    (snapshot / "merges.txt").symlink_to(published / "vocab.bpe")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert make_tokenizer(Gpt2Tokenizer.model_validate({"kind": "gpt2"}), []).definition == gpt2.definition
