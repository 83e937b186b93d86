"""Text sets: what fits together, what is written and read, their batches, and forget sets of whole units."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter

from unlearnkit.config.forget_sets.units import TextForgetSet
from unlearnkit.data.text.sequences import IGNORE, Sequences, Tokens
from unlearnkit.data.text.text_file import read_text_set, write_text_set
from unlearnkit.data.text.text_making import make_text_set, text_set_of
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.data.text.token_shards import Stream, write_shard
from unlearnkit.data.text.unit_forget_sets import make_unit_forget_set, sequences_of_units
from unlearnkit.errors import ArtifactError, DataError

CPU = torch.device("cpu")


def settings(**values: object) -> TextForgetSet:
    return TypeAdapter(TextForgetSet).validate_python(values)


@pytest.fixture
def documents() -> TextSet:
    """Tokens are their own positions. Units 0 to 2 train: of one, two and one sequences; units 3 and 4 validate."""
    return TextSet(
        tokens=np.arange(24, dtype=np.uint16),
        starts=np.array([0, 4, 8, 11, 16, 20]),
        lengths=np.array([4, 4, 3, 4, 4, 4], dtype=np.int32),
        units=np.array([0, 1, 1, 2, 3, 4]),
        train_size=4,
        validation_size=2,
        vocabulary_size=24,
        length=4,
    )


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("train_size", 0, "has an empty split"),
        ("starts", np.arange(5), r"has starts of type int64 and shape \[5\]; expected int64 \[6\]"),
        ("tokens", np.arange(24), "has tokens of type int64"),
        ("lengths", np.array([4, 4, 1, 4, 4, 4], np.int32), "has sequences of 1 to 4 tokens"),
        ("length", 3, "has sequences of 3 to 4 tokens; expected 2 to 3"),
        ("starts", np.array([0, 3, 8, 11, 16, 20]), "that overlap or lie outside"),
        ("tokens", np.arange(23, dtype=np.uint16), "that overlap or lie outside"),
        ("units", np.array([0, 1, 1, 2, 2, 3]), "forget units that are not in order"),
        ("units", np.array([1, 0, 1, 2, 3, 4]), "forget units that are not in order"),
    ],
)
def test_what_does_not_fit_together_is_refused(documents: TextSet, field: str, value: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        replace(documents, **{field: value})  # pyright: ignore[reportArgumentType]


def test_what_is_written_is_read(documents: TextSet, tmp_path: Path) -> None:
    path = tmp_path / "dataset.safetensors"
    write_text_set(path, documents)
    found = read_text_set(path)
    assert found.content_hash == documents.content_hash
    for name in ("tokens", "starts", "lengths", "units"):
        np.testing.assert_array_equal(getattr(found, name), getattr(documents, name))
    assert (found.train_size, found.vocabulary_size, found.length) == (4, 24, 4)


def test_one_other_token_is_noticed(documents: TextSet, tmp_path: Path) -> None:
    path = tmp_path / "dataset.safetensors"
    write_text_set(path, documents)
    content = bytearray(path.read_bytes())
    tokens = np.arange(24, dtype="<u2").tobytes()
    content[content.index(tokens) + 2] = 7
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match="do not have the hash"):
        read_text_set(path)


def test_targets_of_an_evaluation_stay_within_the_unit(documents: TextSet) -> None:
    tokens = Tokens(documents, CPU)
    inputs, labels = tokens.batch(torch.arange(6), tokens.within(None))
    assert inputs.tolist()[2] == [8, 9, 10, 0]
    assert labels.tolist() == [
        [1, 2, 3, IGNORE],
        [5, 6, 7, 8],  # goes on in its own document
        [9, 10, IGNORE, IGNORE],
        [12, 13, 14, IGNORE],
        [17, 18, 19, IGNORE],
        [21, 22, 23, IGNORE],
    ]


def test_targets_of_a_set_stay_within_the_set(documents: TextSet) -> None:
    tokens = Tokens(documents, CPU)
    everything = tokens.within(torch.arange(4))
    assert everything.tolist() == [True, True, True, False, False, False]  # 3 ends before a gap, 4 and 5 validate
    without_the_second = Sequences(tokens, torch.tensor([0, 3]), [torch.Generator()])
    (batch,) = without_the_second.unshuffled(2)
    assert batch[1].tolist() == [[1, 2, 3, IGNORE], [12, 13, 14, IGNORE]]


def test_targets_of_a_part_stay_within_the_part(documents: TextSet) -> None:
    whole = Sequences(Tokens(documents, CPU), torch.arange(4), [torch.Generator().manual_seed(0)])
    for seed in range(8):
        part = whole.part(2, [torch.Generator().manual_seed(seed)])
        ((_, labels),) = part.unshuffled(2)
        ((_, expected),) = Sequences(whole.tokens, part.indices, whole.generators).unshuffled(2)
        assert torch.equal(labels, expected)


def test_a_set_shuffles_and_counts_what_it_hands_out(documents: TextSet) -> None:
    draws = Sequences(Tokens(documents, CPU), torch.tensor([0, 1, 3]), [torch.Generator().manual_seed(1)])
    firsts = [row[0] for inputs, _ in draws.epoch(2) for row in inputs.tolist()]
    assert sorted(firsts) == [0, 4, 11]
    assert draws.passes == 3


STREAM = Stream([np.arange(100, dtype=np.uint16) % 50])
SIZES: dict[str, Any] = {"vocabulary_size": 50, "end_of_text": 49, "unit_sequences": 2}


def test_streams_become_a_text_set_of_the_sizes_asked_for() -> None:
    found = make_text_set(STREAM, STREAM, length=8, unit="step", train_size=6, validation_size=3, **SIZES)
    assert found.units.tolist() == [0, 0, 1, 1, 2, 2, 3, 4, 5]
    assert len(found.tokens) == 9 * 8
    assert found.split_sizes == {"train": 6, "validation": 3}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_size": 5}, "cuts forget unit 2 in two; expected 4 or 6 sequences"),
        ({"train_size": 14}, "data.train_size is 14, but there are 12 train sequences; expected at most 12"),
        ({"validation_size": 13}, "data.validation_size is 13, but there are 12 validation"),
        ({"vocabulary_size": 40}, "contain token 49; expected tokens below .* 40"),
    ],
)
def test_sizes_that_the_streams_do_not_have_are_refused(changes: dict[str, int], message: str) -> None:
    asked = {"length": 8, "unit": "step", "train_size": 6, "validation_size": 7, **SIZES, **changes}
    with pytest.raises(DataError, match=message):
        make_text_set(STREAM, STREAM, **asked)  # pyright: ignore[reportArgumentType]


def test_published_tokens_are_cut_as_they_are(tmp_path: Path) -> None:
    for name, first in {"train_000001": 0, "train_000002": 40, "train_000003": 80, "val_000000": 500}.items():
        write_shard(tmp_path / f"fineweb_{name}.bin", np.arange(first, first + 40))
    cuts = {"name": "fineweb", "content_hash": None, "sequence_length": 8, "forget_unit": "step", "unit_sequences": 3}
    found = text_set_of({**cuts, "train_size": 9, "validation_size": 5}, [], tmp_path, print)
    # 72 tokens in two of the three shards, and the last step is whole
    np.testing.assert_array_equal(found.tokens, np.r_[np.arange(72), np.arange(500, 540)])
    assert [path.name for path in found.raw_files] == [
        f"fineweb_{n}.bin" for n in ("train_000001", "train_000002", "val_000000")
    ]
    assert found.vocabulary_size == 50_257


@pytest.fixture
def steps() -> TextSet:
    """1,390 steps of one sequence each, of two tokens."""
    stream = Stream([np.zeros(2 * 1390, dtype=np.uint16)])
    return make_text_set(
        stream,
        stream,
        length=2,
        unit="step",
        unit_sequences=1,
        train_size=1390,
        validation_size=1,
        vocabulary_size=2,
        end_of_text=1,
    )


def test_the_published_random_steps_are_drawn(steps: TextSet) -> None:
    chosen = make_unit_forget_set(settings(kind="random_units", size=13, seed=52, among=1389), steps)
    assert chosen.tolist() == [25, 242, 387, 532, 540, 627, 629, 634, 1060, 1173, 1207, 1241, 1253]


def test_units_become_their_sequences(documents: TextSet, tmp_path: Path) -> None:
    assert sequences_of_units(np.array([1]), documents).tolist() == [1, 2]
    file = tmp_path / "units.txt"
    file.write_text("2\n0\n")
    assert make_unit_forget_set(settings(kind="unit_file", file=str(file)), documents).tolist() == [0, 3]
    np.save(tmp_path / "scores.npy", np.array([0.1, 3.0, 0.2]))
    best = settings(kind="unit_scores", file=str(tmp_path / "scores.npy"), top=1)
    assert make_unit_forget_set(best, documents).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("unit_file", "3\n", "unit 3 is to be forgotten, but the training split has 3 forget units"),
        ("unit_file", "1\n1\n", "a unit is listed twice"),
        ("file", "0\n1\n", "holds part of unit 1, but not its sequence 2"),
    ],
)
def test_sets_that_are_not_whole_units_are_refused(
    documents: TextSet, tmp_path: Path, kind: str, content: str, message: str
) -> None:
    file = tmp_path / "chosen.txt"
    file.write_text(content)
    with pytest.raises(DataError, match=message):
        make_unit_forget_set(settings(kind=kind, file=str(file)), documents)


def test_random_units_need_as_many(documents: TextSet) -> None:
    with pytest.raises(DataError, match="among the first 4, but the training split has 3"):
        make_unit_forget_set(settings(kind="random_units", size=1, among=4), documents)
    with pytest.raises(DataError):
        make_unit_forget_set(settings(kind="random_units", size=4), documents)
