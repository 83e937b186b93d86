"""Partners of forget sequences: retained rows alone, by vectors of the last tokens, in the order of the forget set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from unlearnkit.artifacts.partners import read_partners, write_partners
from unlearnkit.data.text.sequences import Tokens
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.errors import ArtifactError
from unlearnkit.training.language.partners import ends, partners_of, state_vectors
from unlearnkit.training.setup import architecture_for
from unlearnkit.training.unlearning_split import split_of

TRAIN, VOCABULARY = 20, 12


def text() -> TextSet:
    """Twenty training and two validation sequences of 3 to 8 tokens."""
    generator = np.random.default_rng(0)
    lengths = generator.integers(3, 9, TRAIN + 2).astype(np.int32)
    return TextSet(
        tokens=generator.integers(0, VOCABULARY, lengths.sum()).astype(np.uint16),
        starts=np.append(0, np.cumsum(lengths.astype(np.int64)))[:-1],
        lengths=lengths,
        units=np.arange(TRAIN + 2, dtype=np.int64),
        train_size=TRAIN,
        validation_size=2,
        vocabulary_size=VOCABULARY,
        length=8,
    )


TEXT = text()


def counted(sequences: Sequence[NDArray]) -> NDArray[np.float32]:
    """How often each token occurs."""
    return np.stack([np.bincount(own, minlength=VOCABULARY) for own in sequences]).astype(np.float32)


def test_partners_are_the_nearest_retained_rows() -> None:
    forget = np.array([13, 2, 7])
    found, distances = partners_of(TEXT, forget, counted, 3, 4)
    retained = [row for row in range(TRAIN) if row not in forget]
    for number, row in enumerate(forget):
        vectors = {other: counted(ends(TEXT, np.array([other]), 3))[0].astype(float) for other in (*retained, row)}
        away = {other: float(np.linalg.norm(vectors[other] - vectors[row])) for other in retained}
        # sorted is stable: of equally near ones the lowest row
        assert found[number].tolist() == sorted(retained, key=away.__getitem__)[:4]
        np.testing.assert_allclose(distances[number], sorted(away.values())[:4], rtol=1e-12)


def test_only_the_last_tokens_are_embedded() -> None:
    rows = np.array([4, 9])
    for last, expected in ((2, 2), (None, None)):
        for own, row in zip(ends(TEXT, rows, last), rows, strict=True):
            whole = TEXT.tokens[TEXT.starts[row] : TEXT.starts[row] + TEXT.lengths[row]]
            assert own.tolist() == whole[-expected if expected else None :].tolist()


@pytest.mark.parametrize("name", ["nanogpt"])
def test_states_of_a_sequence_do_not_depend_on_what_is_beside_it(name: str) -> None:
    architecture = architecture_for(TEXT, {"name": name, "layers": 2, "width": 16, "heads": 2})
    model = architecture.build(0).eval()
    vectors = state_vectors(model, architecture.adapter, Tokens(TEXT, torch.device("cpu")))
    sequences = ends(TEXT, np.arange(5), None)
    together = vectors(sequences)
    assert together.shape == (5, 16)
    for own, alone in zip(together, sequences, strict=True):
        np.testing.assert_allclose(own, vectors([alone])[0], atol=1e-5)
    assert np.ptp(together, axis=0).max() > 1e-3


def test_the_view_has_the_partners_in_the_order_of_the_forget_set(tmp_path: Path) -> None:
    forget = np.array([13, 2, 7])
    partners, distances = partners_of(TEXT, forget, counted, None, 2)
    write_partners(tmp_path / "partners.parquet", forget, partners, distances)
    split = split_of(TEXT, forget, partners=read_partners(tmp_path / "partners.parquet"))
    assert not isinstance(split, list)
    assert split.forget.tolist() == [13, 2, 7]
    assert split.views["partners"].tolist() == partners[:, 0].tolist()


def test_a_later_request_has_the_partners_of_what_is_new(tmp_path: Path) -> None:
    so_far = np.array([2, 7, 13])
    partners, distances = partners_of(TEXT, so_far, counted, None, 1)
    write_partners(tmp_path / "partners.parquet", so_far, partners, distances)
    read = read_partners(tmp_path / "partners.parquet")
    split = split_of(TEXT, so_far, [np.array([7])], partners=read)
    assert not isinstance(split, list)
    assert split.views["partners"].tolist() == [read[row] for row in split.forget.tolist()]
    assert not {*split.views["partners"].tolist()} & {2, 7, 13}


def test_a_forget_sequence_without_a_partner_is_an_error() -> None:
    with pytest.raises(ArtifactError, match="1 of 2 forget sequences have no partner, sequence 5 among them"):
        split_of(TEXT, np.array([2, 5]), partners={2: 0})
