"""Tokenizers: every text comes back, documents begin with end of text, and what cannot be encoded is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unlearnkit.config.data.tokenizer import BpeTokenizer, CharacterTokenizer
from unlearnkit.data.text.tokenizer import END_OF_TEXT, TextTokenizer, read_tokenizer, write_tokenizer
from unlearnkit.data.text.tokenizer_making import make_tokenizer
from unlearnkit.errors import ArtifactError, DataError

CORPUS = [
    "the cat sat on the mat\nthe dog sat on the log\n" * 20,
    "naïve café, Žižek; 你好，世界 👩‍👩‍👧 🏳️‍🌈\r\n\ttabs  and   spaces \u00a0\n\n",
    "the end of the text: <|endoftext|> is not the end\x00\ufeff",
]
BPE = BpeTokenizer.model_validate({"kind": "bpe", "vocabulary_size": 280})
CHARACTERS = CharacterTokenizer.model_validate({"kind": "characters"})


@pytest.fixture(scope="module")
def bpe() -> TextTokenizer:
    return make_tokenizer(BPE, CORPUS)


@pytest.fixture(scope="module")
def characters() -> TextTokenizer:
    return make_tokenizer(CHARACTERS, CORPUS)


@pytest.mark.parametrize("kind", ["bpe", "characters"])
def test_the_corpus_comes_back_document_by_document(kind: str, request: pytest.FixtureRequest) -> None:
    tokenizer: TextTokenizer = request.getfixturevalue(kind)
    encoded = list(tokenizer.encode(CORPUS))
    assert [tokens.dtype for tokens in encoded] == [np.uint16] * len(CORPUS)
    assert [tokenizer.decode(tokens) for tokens in encoded] == CORPUS
    # end of text stands before every document and, even where the text spells it, nowhere else
    assert [np.flatnonzero(tokens == tokenizer.end_of_text).tolist() for tokens in encoded] == [[0]] * len(CORPUS)
    stream = tokenizer.stream(CORPUS)
    assert np.array_equal(stream, np.concatenate(encoded))
    assert stream.max() < tokenizer.vocabulary_size
    assert tokenizer.decode(stream) == "".join(CORPUS)


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_bytes_spell_any_text(bpe: TextTokenizer, text: str) -> None:
    (tokens,) = bpe.encode([text])
    assert bpe.decode(tokens) == text


@given(text=st.text(st.sampled_from(sorted(set("".join(CORPUS))))))
def test_characters_spell_any_text_of_them(characters: TextTokenizer, text: str) -> None:
    (tokens,) = characters.encode([text])
    assert len(tokens) == len(text) + 1
    assert characters.decode(tokens) == text


def test_characters_stand_in_the_order_of_code_points(characters: TextTokenizer) -> None:
    known = sorted(set("".join(CORPUS)))
    assert characters.vocabulary_size == len(known) + 1
    assert characters.end_of_text == len(known)
    assert characters.stream(known)[1::2].tolist() == list(range(len(known)))


def test_unseen_characters_are_named(characters: TextTokenizer) -> None:
    with pytest.raises(DataError, match=r"2 characters .* lacks: 'Q' \(U\+0051\), '😀' \(U\+1F600\)"):
        list(characters.encode(["the cat", "Q the 😀 sat"]))


def test_the_file_is_the_tokenizer(bpe: TextTokenizer, characters: TextTokenizer, tmp_path: Path) -> None:
    for tokenizer in (bpe, characters):
        write_tokenizer(tmp_path / "tokenizer.json", tokenizer)
        again = read_tokenizer(tmp_path / "tokenizer.json")
        assert np.array_equal(again.stream(CORPUS), tokenizer.stream(CORPUS))
        assert (again.vocabulary_size, again.end_of_text) == (tokenizer.vocabulary_size, tokenizer.end_of_text)
        assert again.definition == tokenizer.definition


def test_the_end_of_text_is_the_planned_one() -> None:
    characters = CharacterTokenizer(kind="characters", vocabulary_size=len(set("".join(CORPUS))) + 1)
    for settings in (BPE, characters):
        assert make_tokenizer(settings, CORPUS).end_of_text == settings.planned_end_of_text()


def test_no_document_makes_an_empty_stream_and_an_empty_one_end_of_text(bpe: TextTokenizer) -> None:
    assert bpe.stream([]).tolist() == []
    assert bpe.stream(["", ""]).tolist() == [bpe.end_of_text] * 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "tokenizer cannot be read"),
        (b"\xff", "not a readable tokenizer"),
        (None, "not a readable tokenizer"),
        ({"added_tokens": []}, "not among them"),
    ],
)
def test_a_damaged_file_is_named(bpe: TextTokenizer, tmp_path: Path, content: object, message: str) -> None:
    path = tmp_path / "tokenizer.json"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        definition = json.loads(bpe.definition) | content  # pyright: ignore[reportOperatorIssue]
        del definition["model"]["vocab"][END_OF_TEXT]
        path.write_text(json.dumps(definition))
    with pytest.raises(ArtifactError, match=message) as error:
        read_tokenizer(path)
    assert str(path) in str(error.value)


def test_text_that_does_not_yield_the_vocabulary_is_refused() -> None:
    with pytest.raises(DataError, match=r"yields 2\d\d tokens .*expected 4,096"):
        make_tokenizer(BpeTokenizer.model_validate({"kind": "bpe", "vocabulary_size": 4096}), CORPUS[:1])
    with pytest.raises(DataError, match=r"has 3 different characters, with end of text 4 tokens; expected 5"):
        make_tokenizer(CharacterTokenizer(kind="characters", vocabulary_size=5), ["abc"])
    assert make_tokenizer(CharacterTokenizer(kind="characters", vocabulary_size=4), ["abc"]).vocabulary_size == 4


def test_training_depends_neither_on_order_nor_on_threads_nor_on_the_process(bpe: TextTokenizer) -> None:
    assert make_tokenizer(BPE, CORPUS[::-1]).definition == bpe.definition
    script = (
        "import sys, json; from unlearnkit.config.data.tokenizer import BpeTokenizer;"
        "from unlearnkit.data.text.tokenizer_making import make_tokenizer;"
        "settings = BpeTokenizer(kind='bpe', vocabulary_size=280);"
        "sys.stdout.buffer.write(make_tokenizer(settings, json.load(sys.stdin)).definition.encode())"
    )
    for threads, hash_seed in (("1", "1"), ("2", "2")):
        environment = os.environ | {"RAYON_NUM_THREADS": threads, "PYTHONHASHSEED": hash_seed}
        made = subprocess.run(
            [sys.executable, "-c", script],
            input=json.dumps(CORPUS).encode(),
            capture_output=True,
            env=environment,
            check=True,
        )
        assert made.stdout.decode() == bpe.definition


def test_without_the_library_the_error_tells_how_to_get_it(monkeypatch: pytest.MonkeyPatch, bpe: TextTokenizer) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] == "tokenizers"]:
        monkeypatch.setitem(sys.modules, module, None)
    for make in (lambda: make_tokenizer(BPE, CORPUS), lambda: TextTokenizer(bpe.definition)):
        with pytest.raises(DataError, match=r"tokenizers cannot be imported.*unlearnkit\[language\]"):
            make()
