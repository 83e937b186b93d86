"""Classifiers of texts: probabilities as those of the network alone, of the first tokens, and words for bad folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from made_readers import WORDS, save_reader

from unlearnkit.config.models.text_readers import ReaderSource
from unlearnkit.errors import DataError
from unlearnkit.models.text_readers.classifier import TextClassifier
from unlearnkit.models.text_readers.sources import folder_of, hashes_of

CPU = torch.device("cpu")
LABELS = ("clean", "Mild Gibberish", "noise")


def by_hand(network: torch.nn.Module, first: str, second: str | None = None) -> np.ndarray:
    """The probabilities of one text or pair, its tokens written out."""
    own = [2, *map(WORDS.index, first.split()), 3]
    more = [] if second is None else [*map(WORDS.index, second.split()), 3]
    types = torch.tensor([[0] * len(own) + [1] * len(more)])
    with torch.inference_mode():
        return network(torch.tensor([own + more]), token_type_ids=types).logits.softmax(-1)[0].numpy()


def test_probabilities_are_those_of_the_network_alone(tmp_path: Path) -> None:
    network, classifier = save_reader(tmp_path, LABELS), TextClassifier(tmp_path, CPU)
    texts, second = ["the cat sat", "", "a dog ran home in the rain"], ["the mat", "far away", "sun"]
    found = classifier.probabilities(texts)
    np.testing.assert_allclose(found, [by_hand(network, text) for text in texts], atol=1e-6)
    found = classifier.probabilities(texts, second)
    np.testing.assert_allclose(found, [by_hand(network, *both) for both in zip(texts, second, strict=True)], atol=1e-6)
    assert classifier.labels == LABELS and classifier.index("mild gibberish", "label") == 1


def test_only_the_first_tokens_count(tmp_path: Path) -> None:
    save_reader(tmp_path, LABELS)
    classifier = TextClassifier(tmp_path, CPU)
    whole, begun = classifier.probabilities(["the cat sat on a mat", "the cat sat"], most=5)
    np.testing.assert_allclose(whole, begun, atol=1e-6)
    # longer than the model can read
    assert np.isfinite(classifier.probabilities([" ".join(["dog"] * 60)])).all()


def test_what_is_no_classifier_is_named(tmp_path: Path) -> None:
    save_reader(tmp_path)
    with pytest.raises(DataError, match=r"lacks 2 tensors, such as classifier\.bias"):
        TextClassifier(tmp_path, CPU)


def test_a_label_that_it_lacks_is_named(tmp_path: Path) -> None:
    save_reader(tmp_path, LABELS)
    with pytest.raises(DataError) as told:
        TextClassifier(tmp_path, CPU).index("sound", "observations.classified.label")
    assert str(told.value) == (
        f"the classifier in {tmp_path} has no label 'sound'; expected one of clean, Mild Gibberish, noise. "
        "Set observations.classified.label, or choose another classifier."
    )


def test_folders_without_weights_that_may_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    for folder, fact in ((tmp_path, "has no weights in"), (tmp_path / "none", "is not a folder")):
        with pytest.raises(DataError, match=fact):
            folder_of(ReaderSource.model_validate({"folder": str(folder)}), "observations.entailments.source")


def test_the_files_are_stated_with_their_hashes(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    assert hashes_of([tmp_path / "a.json"]) == {
        "a.json": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    }


def test_a_model_of_the_hub_that_cannot_be_fetched_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    source = ReaderSource.model_validate({"hub": "some/classifier", "revision": "0123456789" * 4})
    with pytest.raises(DataError) as told:
        folder_of(source, "observations.classified.source")
    assert "observations.classified.source is some/classifier at 01234567, which cannot be downloaded" in str(
        told.value
    )
    assert "--local-dir FOLDER" in str(told.value)
