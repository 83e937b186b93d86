"""Pairs in methods: the views that a split provides, and batches with the true answers beside the replacing ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from bench import Bench
from made_pairs import made_pairs
from made_text import made_text

from unlearnkit.data.text.replaced import Replaced
from unlearnkit.data.text.sequences import IGNORE
from unlearnkit.errors import TrainingError
from unlearnkit.methods.language.token_steps import TokenBatch
from unlearnkit.training.language.token_losses import token_sum
from unlearnkit.training.sets import UnlearningSplit
from unlearnkit.training.unlearning import sets_of

FORGET = np.array([2, 5, 11])
VIEWS = ("refusals", "retain_refusals", "alternatives", "holdout")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench with twelve training pairs."""
    return Bench(made_pairs(12, 4), "gpt2", FORGET, tmp_path)


def test_views_have_the_rows_of_their_sets(bench: Bench) -> None:
    # partners are no rows of the data set: a rule finds them
    views = {name: rows for name, rows in bench.split.views.items() if name != "partners"}
    assert {name: views[name].tolist() for name in views} == {
        "validation": [12, 13, 14, 15],
        "holdout": [12, 13, 14, 15],
        "refusals": FORGET.tolist(),
        "alternatives": FORGET.tolist(),
        "retain_refusals": [row for row in range(12) if row not in FORGET],
    }
    text = made_text(12, 4, vocabulary=40, shortest=2, longest=9)
    assert [*UnlearningSplit.of(text, FORGET).views] == ["validation"]


def test_a_method_reads_pairs_in_both_forms(bench: Bench) -> None:
    sets = sets_of(bench.task, bench.split, VIEWS, [0])
    batch = TokenBatch.whole(*next(sets.refusals.endless(2)))
    assert batch.paired is not None and batch.sequences == batch.paired.sequences == 2
    # the same prompts, then two answers
    width = min(batch.inputs.shape[1], batch.paired.inputs.shape[1])
    for row in range(2):
        prompt = int((batch.labels[row] != IGNORE).nonzero()[0]) + 1
        assert prompt == int((batch.paired.labels[row] != IGNORE).nonzero()[0]) + 1 <= width
        assert torch.equal(batch.inputs[row, :prompt], batch.paired.inputs[row, :prompt])
    assert TokenBatch.whole(*next(sets.holdout.endless(2))).paired is None
    assert sets.passes == 4


def test_every_model_is_given_answers_of_its_own(bench: Bench) -> None:
    def answers(model: int) -> list[list[int]]:
        draws = sets_of(bench.task, bench.split, ("refusals",), [model]).refusals
        assert isinstance(draws, Replaced)
        return [draws.answers_of(draws.indices, batch).tolist() for batch in range(4)]

    assert answers(0) == answers(0) != answers(1)


def test_losses_of_the_parts_of_a_batch_add_up(bench: Bench) -> None:
    sets = sets_of(bench.task, bench.split, ("retain_refusals",), [0])
    batch, model = TokenBatch.whole(*next(sets.retain_refusals.endless(7))), bench.model()

    def losses(part: TokenBatch) -> torch.Tensor:
        assert part.paired is not None
        own = token_sum(model(part.inputs), part.labels) / part.targets
        return torch.stack([own, token_sum(model(part.paired.inputs), part.paired.labels) / part.paired.targets])

    whole = losses(batch)
    for size in (1, 3, 7):
        parts = [*batch.parts(size)]
        assert len(parts) == -(-7 // size)
        torch.testing.assert_close(sum(map(losses, parts)), whole, rtol=1e-5, atol=1e-6)


def test_a_set_that_is_not_provided_is_named(tmp_path: Path) -> None:
    plain = Bench(made_text(12, 4, vocabulary=40, shortest=2, longest=9), "gpt2", FORGET, tmp_path)
    with pytest.raises(TrainingError, match=r"reads data.refusals, and the data set has no rows under this name"):
        sets_of(plain.task, plain.split, ("refusals",), [0])
