"""LLMU: forget questions with the answers of other sequences, and steps along all three of its losses."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from bench import Bench
from torch import Tensor, nn

from unlearnkit.data.text.mismatched import Mismatched
from unlearnkit.data.text.sequences import IGNORE
from unlearnkit.training.unlearning import sets_of


@pytest.fixture(params=["plain", "pairs"])
def bench(request: pytest.FixtureRequest, bench_of: Callable[..., Bench]) -> Bench:
    """A bench of plain sequences, and one of pairs."""
    return bench_of("gpt2", method="dpo" if request.param == "pairs" else "ga")


def parts(bench: Bench, row: int) -> tuple[list[int], list[int]]:
    """The question and the answer of a sequence; of plain text its halves."""
    text = bench.dataset
    tokens = text.tokens[text.starts[row] : text.starts[row] + text.lengths[row]].tolist()
    border = int(text.prompts[row]) or len(tokens) // 2
    return tokens[:border], tokens[border:]


def mismatched(bench: Bench, count: int = 3) -> Mismatched:
    return Mismatched(bench.samples("forget"), bench.samples("retain"), count)


def test_every_question_has_answers_of_retained_sequences_and_targets_on_them_alone(bench: Bench) -> None:
    own, retained = mismatched(bench), set(bench.split.retain.tolist())
    rows = own.indices[:4]
    inputs, labels = own.mismatched(rows, 7)
    assert len(inputs) == 4 * 3
    for number, row in enumerate(rows.tolist()):
        others = own.answering(row, 7).tolist()
        assert len(others) == 3
        assert set(others) <= retained
        for place, other in enumerate(others):
            question, answer = parts(bench, row)[0], parts(bench, other)[1]
            true = (question + answer)[: bench.dataset.length]
            found, targets = inputs[number * 3 + place].tolist(), labels[number * 3 + place].tolist()
            assert found[: len(true)] == true
            assert not any(found[len(true) :])
            expected = [IGNORE] * (len(question) - 1) + true[len(question) :]
            assert targets[: len(expected)] == expected
            assert set(targets[len(expected) :]) <= {IGNORE}


def test_answers_are_drawn_again_in_every_pass_and_count_as_often_as_they_are_read(bench: Bench) -> None:
    own, again = mismatched(bench), mismatched(bench)
    drawn, repeated = ([next(each) for each in [one.endless(10)] for _ in range(2)] for one in (own, again))
    assert all(
        torch.equal(a, b) for one, two in zip(drawn, repeated, strict=True) for a, b in zip(one, two, strict=True)
    )
    assert not np.array_equal(own.answering(17, 0), own.answering(17, 1))
    assert own.passes == 2 * 10 * 3


def test_a_step_follows_all_three_losses_and_the_first_one_ascends(bench: Bench) -> None:
    weights = {"gamma": 0.5, "mismatch": 2.0, "alpha": 3.0}
    gradients: dict[str, Tensor] = {}

    def keep(step: int, moved: nn.Module) -> None:
        gradients.update({name: p.grad.clone() for name, p in moved.named_parameters() if p.grad is not None})

    model = bench.model()
    own: dict[str, Any] = {"steps": 1, "lr": 1e-3, "batch_size": 4, "answers": 2, **weights}
    bench.call("llmu", model, replace(bench.context(), keep=keep), **own)
    sets = sets_of(bench.task, bench.split, (), [0])
    batches = {
        "forget": next(sets.forget.endless(4)),
        "retain": next(sets.retain.endless(4)),
        "mismatched": next(Mismatched(sets.forget, sets.retain, 2).endless(4)),
    }
    slow = copy.deepcopy(model).double().train()
    slow.zero_grad()
    ascent = 0.5 * nll(slow, batches["forget"])
    assert ascent > 1  # the published code has no target here, and a loss of 0
    # at the original the divergence is 0, and so is its gradient
    (2 * nll(slow, batches["mismatched"]) - ascent).backward()
    for name, parameter in slow.named_parameters():
        if parameter.grad is not None:
            np.testing.assert_allclose(gradients[name].double(), parameter.grad, atol=1e-6, err_msg=name)


def nll(model: nn.Module, batch: Any) -> Tensor:
    inputs, labels = batch
    log_p = model(inputs).log_softmax(-1)
    chosen = labels != IGNORE
    return -log_p[chosen].gather(1, labels[chosen][:, None]).mean()


def test_a_run_stops_before_a_step_whose_forget_loss_is_beyond_the_limit(bench: Bench) -> None:
    kept = bench.kept("llmu", steps=30, batch_size=10, lr=0.02, max_forget_nll=4.5)
    assert "its forget batch is" in kept.notes[-1]
    assert kept.notes[-1].endswith("nats, beyond 4.500")
