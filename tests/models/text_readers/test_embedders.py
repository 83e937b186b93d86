"""Embedders: vectors whose products are cosines, the same whatever shares a batch, and words for what is missing."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made_readers import WORDS, save_reader
from pydantic import TypeAdapter, ValidationError
from sklearn.feature_extraction.text import TfidfVectorizer

from unlearnkit.config.models.text_readers import Embedder
from unlearnkit.errors import DataError
from unlearnkit.facts.reader_names import embedder_name
from unlearnkit.models.text_readers import wordllama_vectors
from unlearnkit.models.text_readers.embedders import embedder_of, similarities
from unlearnkit.models.text_readers.hashed_tfidf import hashed_tfidf
from unlearnkit.models.text_readers.sentence_encoder import sentence_encoder

CPU = torch.device("cpu")
TEXTS = ["the cat sat on the mat", "a dog ran home", "", "the sun and the rain", "dog dog dog"]
ADAPTER: TypeAdapter[Any] = TypeAdapter(Embedder)


def test_tfidf_is_that_of_scikit_learn() -> None:
    sparse: Any = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+").fit_transform(TEXTS)
    exact = sparse.toarray()
    found = hashed_tfidf(TEXTS, 2**18)(TEXTS)
    np.testing.assert_allclose(found @ found.T, exact @ exact.T, atol=1e-6)
    assert not found[2].any()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["cat", "dog", "sun", "rain", "Käse", "猫"]), min_size=1, max_size=6))
def test_equal_words_in_another_order_have_a_similarity_of_one(words: list[str]) -> None:
    embed = hashed_tfidf(["cat sun", "Käse 猫"], 2**12)
    found = similarities(embed([" ".join(words)]), embed([" ".join(reversed(words))]))
    np.testing.assert_allclose(found, [1.0], atol=1e-6)


def test_an_encoder_is_the_mean_of_its_last_states_whatever_shares_a_batch(tmp_path: Path) -> None:
    network, texts = save_reader(tmp_path), [text for text in TEXTS if text]
    embed = sentence_encoder(tmp_path, CPU)
    together = embed(texts)
    for text, own in zip(texts, together, strict=True):
        words = [2, *map(WORDS.index, text.split()), 3]
        with torch.inference_mode():
            mean = network(torch.tensor([words])).last_hidden_state[0].mean(0).numpy()
        np.testing.assert_allclose(own, mean / np.linalg.norm(mean), atol=1e-5)
        np.testing.assert_allclose(embed([text])[0], own, atol=1e-5)


@pytest.mark.skipif(importlib.util.find_spec("wordllama") is None, reason="wordllama is not installed")
def test_wordllama_knows_what_words_mean_without_a_download() -> None:
    embed = embedder_of(ADAPTER.validate_python({"kind": "wordllama"}), [], None, CPU)
    vectors = embed(
        ["The author was born in Paris.", "Her birthplace is the capital of France.", "Tax law is dull.", ""]
    )
    near, far = vectors[0] @ vectors[1], vectors[0] @ vectors[2]
    assert near > far + 0.1
    np.testing.assert_allclose(np.linalg.norm(vectors[:3], axis=1), 1, atol=1e-5)
    assert similarities(embed([""]), embed(["Paris"])).tolist() == [0.0]
    assert [path.suffix for path in wordllama_vectors.own_files()] == [".json", ".safetensors"]


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DataError, match="the embedder is wordllama, but the package is not installed"):
        wordllama_vectors.wordllama_vectors()


def test_an_encoder_without_weights_is_named(tmp_path: Path) -> None:
    save_reader(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be loaded"):
        sentence_encoder(tmp_path, CPU)


def test_tables_name_what_embeds() -> None:
    hub = {"kind": "encoder", "source": {"hub": "some/encoder", "revision": "0123456789" * 4}}
    named = [embedder_name(ADAPTER.validate_python(own)) for own in (hub, {"kind": "tfidf"}, {"kind": "wordllama"})]
    assert named[0] == "some/encoder at 01234567" and "no sentence encoder" in named[1] and "wordllama" in named[2]
    with pytest.raises(ValidationError, match="no folder and no hub is set"):
        ADAPTER.validate_python({"kind": "encoder", "source": {}})
