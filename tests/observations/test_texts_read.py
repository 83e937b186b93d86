"""What models that read texts say of answers: similarities, entailments, and the label of a classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made_readers import save_reader

from unlearnkit import registry
from unlearnkit.artifacts.observations import Observed, require_declared
from unlearnkit.artifacts.replies import Replies
from unlearnkit.data.text.pair_set import Pair
from unlearnkit.errors import DataError
from unlearnkit.models.text_readers.bert_score import TokenEncoder
from unlearnkit.models.text_readers.classifier import TextClassifier
from unlearnkit.models.text_readers.hashed_tfidf import hashed_tfidf
from unlearnkit.training.derived import Means, derived

TEXT = np.dtypes.StringDType()
ANSWERS = ["the cat sat on a mat", "a dog ran home", "rain and sun"]
UNSEEN = ["a cat ran", "a dog sat"]
"""Answers of training samples that nothing is observed of."""
WRITTEN = [["the cat sat on a mat", "far away", ""], ["a mat sat on the cat", "a dog ran home in the rain", "sun"]]
RECALLS = np.array([[1.0, 0.0, 0.0], [0.5, 1.0, np.nan]], np.float32)
NLI = ("entailment", "neutral", "contradiction")
CPU = torch.device("cpu")


def made(name: str, tmp_path: Path, items: list[str] | None = None, **settings: Any) -> tuple[Observed, dict[str, Any]]:
    """What an observation makes of what two models wrote, and the facts that it states."""
    own = Observed(
        {"text": np.array(WRITTEN, TEXT), "rougeL_recall": RECALLS},
        (4, 5),
        np.array(["train", "train", "validation"]),
        np.array([0, 1, 0]),
        {"answer": np.array(ANSWERS, TEXT), "suffix": np.array(ANSWERS, TEXT)},
    )
    module = registry.load("observation", name)
    chosen, means = module.Settings.model_validate(settings), Means(CPU, Replies(tmp_path / "out"), lambda _: None)
    pairs = [Pair("?", answer) for answer in ANSWERS]
    splits = {"train": [*pairs[:2], *map(Pair, "??", UNSEEN)], "validation": pairs[2:]}
    read = {name: {2: own} for name in module.READS}
    found = derived(lambda shown: module.derive(shown, chosen, means), read, {}, items, [], splits)
    require_declared(name, found)
    return found[2], means.facts


def test_similarities_are_cosines_of_answer_and_true_answer(tmp_path: Path) -> None:
    found, facts = made("similarities", tmp_path, embedder={"kind": "tfidf", "width": 2**16})
    vectors = hashed_tfidf([*ANSWERS[:2], *UNSEEN], 2**16)
    expected = [(vectors(own) * vectors(ANSWERS)).sum(axis=1) for own in WRITTEN]
    np.testing.assert_allclose(found.values["similarity"], expected, atol=1e-6)
    np.testing.assert_allclose(found.values["similarity"][:, 0], 1, atol=1e-6)  # the same words
    assert found.values["similarity"][0, 1:].tolist() == [0, 0]
    assert "no sentence encoder" in facts["embedder"]["name"] and facts["embedder"]["files"] == {}


def test_similarities_by_tfidf_do_not_depend_on_the_other_rows(tmp_path: Path) -> None:
    some, _ = made("similarities", tmp_path, ["validation"], embedder={"kind": "tfidf"})
    every, _ = made("similarities", tmp_path, embedder={"kind": "tfidf"})
    assert 0 < some.values["similarity"][1, 0] < 1
    np.testing.assert_array_equal(some.values["similarity"], every.values["similarity"][:, 2:])


def test_an_encoder_is_read_from_a_folder_whose_hashes_are_stated(tmp_path: Path) -> None:
    save_reader(tmp_path / "encoder")
    source = {"folder": str(tmp_path / "encoder")}
    found, facts = made("similarities", tmp_path, ["validation"], embedder={"kind": "encoder", "source": source})
    assert found.values["similarity"].shape == (2, 1) and (found.values["similarity"] >= 0).all()
    assert facts["embedder"]["name"] == "encoder"
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {*facts["embedder"]["files"]}


def test_entailment_is_asked_both_ways_unless_texts_share_no_words(tmp_path: Path) -> None:
    folder = tmp_path / "nli"
    save_reader(folder, NLI)
    found, facts = made("entailments", tmp_path, source={"folder": str(folder)})
    classifier = TextClassifier(folder, CPU)
    for model, texts in enumerate(WRITTEN):
        for row, (text, answer) in enumerate(zip(texts, ANSWERS, strict=True)):
            alone = [classifier.probabilities([own[0]], [own[1]])[0] for own in ((text, answer), (answer, text))]
            expected = [NLI[int(one.argmax())] for one in alone] if RECALLS[model, row] >= 0.1 else ["none", "none"]
            assert [found.values[name][model, row] for name in ("answer_label", "generated_label")] == expected
    assert found.values["answer_label"][0].tolist()[1:] == ["none", "none"]
    assert facts["classifier"]["name"] == "nli" and len(facts["classifier"]["files"]["model.safetensors"]) == 64


def test_a_classifier_without_entailment_is_refused(tmp_path: Path) -> None:
    save_reader(tmp_path / "other", ("clean", "noise"))
    with pytest.raises(DataError, match="has no label 'entailment'; expected one of clean, noise"):
        made("entailments", tmp_path, source={"folder": str(tmp_path / "other")})


def test_the_label_of_a_classifier_is_that_of_the_first_tokens(tmp_path: Path) -> None:
    folder = tmp_path / "gibberish"
    save_reader(folder, ("clean", "noise"))
    found, _ = made("classified", tmp_path, source={"folder": str(folder)}, most_tokens=4)
    cut = [" ".join(text.split()[:2]) for texts in WRITTEN for text in texts]
    expected = TextClassifier(folder, CPU).probabilities(cut)[:, 0].reshape(2, 3)
    np.testing.assert_allclose(found.values["probability"], expected, atol=1e-6)
    other, _ = made("classified", tmp_path, source={"folder": str(folder)}, most_tokens=4, label="NOISE")
    np.testing.assert_allclose(other.values["probability"], 1 - expected, atol=1e-6)


def test_bert_scores_are_those_of_the_encoder_or_of_wordllama(tmp_path: Path) -> None:
    save_reader(tmp_path / "encoder")
    encoder = {"kind": "encoder", "source": {"folder": str(tmp_path / "encoder")}}
    found, facts = made("bert_scores", tmp_path, encoder=encoder, layer=1)
    expected = [TokenEncoder(tmp_path / "encoder", 1, CPU).scores(own, ANSWERS) for own in WRITTEN]
    for at, name in enumerate(("precision", "recall", "f1")):
        np.testing.assert_array_equal(found.values[name], [own[:, at] for own in expected])
    assert facts["encoder"]["name"] == "encoder" and facts["encoder"]["layer"] == 1
    assert "model.safetensors" in facts["encoder"]["files"]
    stand_in, facts = made("bert_scores", tmp_path, encoder={"kind": "wordllama"})
    f1 = stand_in.values["f1"]
    np.testing.assert_allclose(f1[0, 0], 1, atol=1e-6)  # the same text, and then the same words in another order
    assert f1[1, 0] == pytest.approx(1) and f1[0, 2] == 0 and 0 < f1[0, 1] < 1
    assert "wordllama" in facts["encoder"]["name"] and facts["encoder"]["files"]
