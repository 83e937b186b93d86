"""Pairs in text sets: which tokens are targets, what replaces an answer, and that plain text is what it was."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_pairs import END, made_pairs

from unlearnkit.artifacts.store import sha256_of
from unlearnkit.data.evaluated import rows_of
from unlearnkit.data.text.other_answers import PARAPHRASE, REFUSAL, WRONG, OtherAnswers
from unlearnkit.data.text.replaced import Replaced
from unlearnkit.data.text.sequences import IGNORE, Sequences, Tokens
from unlearnkit.data.text.text_file import read_text_set, write_text_set
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.errors import DataError, TrainingError

CPU = torch.device("cpu")
PAIRS = made_pairs(12, 4, further={"authors": 3, "facts": 2})


# of `plain()` before there were pairs: its content hash, the SHA-256 of its file, and of its batch
PLAIN_HASH = "27fa5580c626e8d52fb7da1f276c12a6905aebfce9e66e095eaeddd9340c14f5"
PLAIN_FILE = "62e6bb98ff2878dfb9c54f01367a9756683746f72fa40f27fc93914b40568ad8"
PLAIN_BATCH = "e56188a6f8471ba144b4d949892e29c8f3d37d8a3d553aa6b19135f5ef2e69cd"


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def plain() -> TextSet:
    """Sequences without prompts, as every release had them."""
    lengths = np.array([4, 4, 3, 5], np.int32)
    return TextSet(
        np.arange(16, dtype=np.uint16), np.array([0, 4, 8, 11]), lengths, np.array([0, 0, 1, 2]), 3, 1, 16, 5
    )


def test_plain_text_keeps_its_bytes_its_hash_and_its_batches(tmp_path: Path) -> None:
    write_text_set(tmp_path / "dataset.safetensors", plain())
    assert plain().content_hash == PLAIN_HASH
    assert sha256_of(tmp_path / "dataset.safetensors") == PLAIN_FILE
    tokens = Tokens(plain(), CPU)
    inputs, labels = (tensor.numpy().tobytes() for tensor in tokens.batch(torch.arange(4), tokens.within(None)))
    assert hashlib.sha256(inputs + labels).hexdigest() == PLAIN_BATCH
    assert plain().split_sizes == {"train": 3, "validation": 1}
    assert plain().views == {}


def test_targets_are_those_of_the_answer_and_one_end() -> None:
    tokens = Tokens(PAIRS, CPU)
    inputs, labels = tokens.batch(torch.arange(21), tokens.within(None))
    for row, own in enumerate(PAIRS.sequences()):
        chosen = labels[row][labels[row] != IGNORE]
        assert chosen.tolist() == own[PAIRS.prompts[row] :].tolist()
        assert chosen[-1] == END and (chosen == END).sum() == 1
        assert inputs[row, : len(own)].tolist() == own[: inputs.shape[1]].tolist()
        assert len(chosen) == PAIRS.targets[row]


def test_nothing_continues_in_a_pair() -> None:
    # pairs of one unit lie beside each other, and the end of one is followed by the question of the next
    together = replace(PAIRS, units=np.repeat(np.arange(7), 3))
    tokens = Tokens(together, CPU)
    assert not tokens.within(None).any()
    assert not tokens.within(torch.arange(12)).any()


def test_unmasked_sequences_have_labels_on_the_prompt_and_never_on_padding() -> None:
    draws = Sequences(Tokens(PAIRS, CPU), torch.arange(12), [generator()])
    own = draws.unmasked()
    ((inputs, labels),) = own.unshuffled(12)
    lengths = torch.from_numpy(PAIRS.lengths[:12].astype(np.int64))
    assert ((labels != IGNORE).sum(1) == lengths - 1).all()
    assert torch.equal(labels[:, :-1][labels[:, :-1] != IGNORE], inputs[:, 1:][labels[:, :-1] != IGNORE])
    next(own.endless(4))
    assert draws.passes == 4
    ((_, masked),) = draws.unshuffled(12)
    assert ((masked != IGNORE).sum(1).numpy() == PAIRS.targets[:12]).all()


def test_a_row_is_the_same_alone_and_beside_longer_ones() -> None:
    tokens = Tokens(PAIRS, CPU)
    _, together = tokens.batch(torch.arange(21), tokens.within(None))
    for row in range(21):
        _, alone = tokens.batch(torch.tensor([row]), tokens.within(None))
        assert together[row][together[row] != IGNORE].tolist() == alone[alone != IGNORE].tolist()


def test_what_is_written_is_read_with_large_tokens_too(tmp_path: Path) -> None:
    large = made_pairs(6, 2, vocabulary=200_000, further={"facts": 2}, dtype=np.uint32)
    assert large.tokens.max() > 65_535
    path = tmp_path / "dataset.safetensors"
    write_text_set(path, large)
    found = read_text_set(path)
    assert found.content_hash == large.content_hash and found.split_sizes == large.split_sizes
    assert found.others is not None and large.others is not None
    for name in ("tokens", "prompts"):
        np.testing.assert_array_equal(getattr(found, name), getattr(large, name))
    for name, array in vars(large.others).items():
        np.testing.assert_array_equal(getattr(found.others, name), array)


@pytest.mark.parametrize(
    "change",
    [
        {"prompts": PAIRS.prompts - 1},
        {"further": {"facts": 3, "authors": 2}},
        {"others": None},
    ],
    ids=["prompts", "further", "others"],
)
def test_what_pairs_have_beside_their_tokens_is_in_the_hash(change: dict[str, object]) -> None:
    assert replace(PAIRS, **change).content_hash != PAIRS.content_hash  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("prompts", PAIRS.lengths, "an answer of at least one token after every prompt"),
        ("prompts", PAIRS.prompts[1:], r"prompts of type int32 and shape \[20\]"),
        ("further", {"facts": 5, "authors": 0}, "has an empty split"),
    ],
)
def test_a_pair_without_an_answer_is_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        replace(PAIRS, **{field: value})  # pyright: ignore[reportArgumentType]


def test_further_splits_are_evaluated_and_never_trained_on() -> None:
    assert rows_of(PAIRS.split_sizes, {}, [np.array([3])]).tolist() == list(range(21))
    few = {"evaluated": {"train_size": 12, "retain": 2}, "seed": 0}
    rows = rows_of(PAIRS.split_sizes, few, [np.array([3])])
    assert len(rows) == 1 + 2 + 4 + 5 and set(range(12, 21)) < {*rows.tolist()}


def test_other_answers_are_found_by_kind_and_row() -> None:
    others = PAIRS.others
    assert others is not None
    first, count = others.of(WRONG, np.array([0, 7]))
    assert count.tolist() == [3, 3]
    assert others.rows[first[1] : first[1] + 3].tolist() == [7, 7, 7]
    assert others.of(PARAPHRASE, np.array([20]))[1].tolist() == [1]
    assert [part.tolist() for part in others.of(REFUSAL, np.array([0, 20]))] == [[0, 0], [5, 5]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"starts": np.array([0, 1, 1])}, "do not fit their tokens"),
        ({"rows": np.array([0, -1])}, "are not in order"),
        ({"kinds": np.array([1, 0], np.uint8)}, "are not in order"),
    ],
)
def test_other_answers_that_do_not_fit_together_are_refused(change: dict[str, np.ndarray], message: str) -> None:
    sound = {"tokens": np.array([4, 1], np.uint16), "starts": np.array([0, 1, 2])}
    sound |= {"rows": np.array([-1, 0]), "kinds": np.array([0, 2], np.uint8)}
    OtherAnswers(**sound)
    with pytest.raises(DataError, match=message):
        OtherAnswers(**{**sound, **change})


@pytest.mark.parametrize("view", ["refusals", "alternatives"])
def test_a_replaced_answer_follows_the_prompt_of_its_row(view: str) -> None:
    tokens, rows = Tokens(PAIRS, CPU), torch.tensor([3, 5, 8])
    draws = Replaced(tokens, rows, [generator()], view)
    ((inputs, labels, true_inputs, true_labels),) = draws.unshuffled(3)
    others = PAIRS.others
    assert others is not None
    for number, (row, answer) in enumerate(zip(rows, draws.answers_of(rows, 0), strict=True)):
        start, prompt = PAIRS.starts[row], PAIRS.prompts[row]
        assert inputs[number, :prompt].tolist() == PAIRS.tokens[start : start + prompt].tolist()
        own = [*others.answers()][answer].tolist()
        assert labels[number][labels[number] != IGNORE].tolist() == own
        assert labels[number, : prompt - 1].eq(IGNORE).all() and labels[number, prompt - 1] == own[0]
        assert others.rows[answer] == (row if view == "alternatives" else -1)
    expected = tokens.batch(rows, tokens.within(None))
    assert torch.equal(true_inputs, expected[0]) and torch.equal(true_labels, expected[1])


def refusals_of(passes: int, seed: int = 0) -> list[list[tuple[int, ...]]]:
    """The refusals of every row, pass by pass, in the order of the rows."""
    draws = Replaced(Tokens(PAIRS, CPU), torch.arange(12), [generator(seed)], "refusals")
    found = []
    for _ in range(passes):
        rows: dict[tuple[int, ...], tuple[int, ...]] = {}
        for _, labels, true_inputs, _ in draws.epoch(5):
            for label, prompt in zip(labels, true_inputs, strict=True):
                rows[tuple(prompt.tolist())[:3]] = tuple(label[label != IGNORE].tolist())
        found.append([rows[key] for key in sorted(rows)])
    return found


def test_refusals_differ_between_passes_and_repeat_with_the_seed() -> None:
    first, again = refusals_of(3), refusals_of(3)
    assert first == again
    assert first[0] != first[1] != first[2]
    assert refusals_of(1, seed=1) != first[:1]


def test_draws_leave_the_global_generators_alone() -> None:
    torch.manual_seed(0)
    random.seed(0)
    states = torch.get_rng_state(), random.getstate()
    first = refusals_of(2)
    assert torch.equal(torch.get_rng_state(), states[0]) and random.getstate() == states[1]
    torch.manual_seed(1)
    assert refusals_of(2) == first


def test_pairs_without_such_an_answer_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"data.alternatives, but 3 of the 3 pairs have no wrong answer, pair 0"):
        Replaced(Tokens(made_pairs(4, 2, wrong=0), CPU), torch.arange(3), [generator()], "alternatives")
    with pytest.raises(TrainingError, match="has no answers beside the true ones"):
        Replaced(Tokens(plain(), CPU), torch.arange(3), [generator()], "refusals")
