"""BERTScore: the values of the package bert-score on a small encoder with a WordPiece tokenizer, by every layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from unlearnkit.errors import DataError
from unlearnkit.models.text_readers.bert_score import TokenEncoder, matched

CPU = torch.device("cpu")
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "sat", "on", "mat", "dog", "##s", "##ting", "ran"]
CANDIDATES = ["the cat sat on the mat", "dogs", "", "cat unknown sat", "The  dog ran "]
REFERENCES = ["the dogs ran on mats", "the cat", "the cat", "", "the dog ran"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any]:
    """A folder with a BERT of three layers from a configuration; its network and its tokenizer."""
    import transformers

    folder = tmp_path_factory.mktemp("bert")
    transformers.utils.logging.disable_progress_bar()
    numbers = {piece: number for number, piece in enumerate(PIECES)}
    tokenizer = transformers.BertTokenizer(vocab=numbers, model_max_length=32)
    config = transformers.BertConfig(
        vocab_size=len(PIECES),
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=32,
        initializer_range=0.5,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = transformers.BertModel(config).eval()
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder, network, tokenizer


def published(folder: Path, layer: int, monkeypatch: pytest.MonkeyPatch, tokenizer: Any) -> np.ndarray:
    """What bert-score makes of the same texts, [texts, 3]."""
    import bert_score

    # bert-score asks for an empty text's tokens by a function that newer versions of transformers have no more
    ends = [tokenizer.cls_token_id, tokenizer.sep_token_id]
    monkeypatch.setattr(
        type(tokenizer), "build_inputs_with_special_tokens", lambda _, ids: [ends[0], *ids, ends[1]], raising=False
    )
    found: Any = bert_score.score(CANDIDATES, REFERENCES, model_type=str(folder), num_layers=layer, device="cpu")
    return torch.stack(found, dim=1).numpy()


@pytest.mark.parametrize("layer", [1, 3])
def test_it_is_that_of_the_package(encoder: tuple[Path, Any, Any], layer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _, tokenizer = encoder
    found = TokenEncoder(folder, layer, CPU).scores(CANDIDATES, REFERENCES)
    assert found.shape == (5, 3) and found.dtype == np.float32
    np.testing.assert_allclose(found, published(folder, layer, monkeypatch, tokenizer), atol=1e-6)
    assert not found[2:4].any(), "empty texts are like none"
    np.testing.assert_allclose(found[4], 1, atol=1e-6)


def test_the_largest_cosine_counts_and_special_tokens_only_as_what_is_matched() -> None:
    candidate = np.array([[1, 0], [0, 2.0]], np.float32), np.array([True, False])
    reference = np.array([[3, 4], [0, 1.0]], np.float32), np.array([True, True])
    precision, recall, f1 = matched(candidate, reference)
    assert precision == pytest.approx(0.6) and recall == pytest.approx((0.8 + 1) / 2)
    assert f1 == pytest.approx(2 * 0.6 * 0.9 / 1.5)
    assert matched(reference, candidate)[:2] == pytest.approx((recall, precision))
    assert matched((candidate[0], np.array([False, False])), reference) == (0, 0, 0)


def test_a_layer_that_it_lacks_is_named(encoder: tuple[Path, Any, Any]) -> None:
    with pytest.raises(
        DataError, match=r"after layer 9 of the encoder in .*, which has 3; expected a layer from 1 to 3"
    ):
        TokenEncoder(encoder[0], 9, CPU)
