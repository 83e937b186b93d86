"""Successive random labels: wrong labels, other ones in every epoch, and a schedule that is followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from bench import Bench, same
from torch import Tensor

from unlearnkit.methods.images import random_labels
from unlearnkit.methods.images.relabelling import relabelled

CLASSES, COUNT = 10, 20_000


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.mark.parametrize("exclude_true", [True, False])
def test_labels_are_uniform_over_all_classes_or_over_the_wrong_ones(exclude_true: bool) -> None:
    labels = torch.full((COUNT,), 3)
    drawn = relabelled(labels, torch.ones(COUNT, dtype=torch.bool), CLASSES, exclude_true, generators(0))
    shares = drawn.bincount(minlength=CLASSES) / COUNT
    expected = torch.full((CLASSES,), 1 / (CLASSES - exclude_true))
    expected[3] *= not exclude_true
    torch.testing.assert_close(shares, expected, atol=0.01, rtol=0)


def test_retain_samples_keep_their_labels() -> None:
    labels, is_forget = torch.arange(COUNT) % CLASSES, torch.arange(COUNT) % 7 == 0
    drawn = relabelled(labels, is_forget, CLASSES, True, generators(0))
    assert torch.equal(drawn != labels, is_forget)


def test_a_model_of_a_stack_draws_the_labels_that_it_draws_alone() -> None:
    labels, is_forget = torch.arange(60).reshape(2, 30) % CLASSES, torch.arange(60).reshape(2, 30) % 4 == 0
    both = relabelled(labels, is_forget, CLASSES, True, generators(0, 1))
    for own, row, chosen, generator in zip(both, labels, is_forget, generators(0, 1), strict=True):
        assert torch.equal(own, relabelled(row, chosen, CLASSES, True, [generator]))


def test_every_epoch_goes_on_drawing_where_the_last_one_stopped(
    bench_of: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[bytes] = []

    def spy(labels: Tensor, is_forget: Tensor, classes: int, exclude: bool, own: Sequence[torch.Generator]) -> Tensor:
        states.append(own[0].get_state().numpy().tobytes())
        return relabelled(labels, is_forget, classes, exclude, own)

    monkeypatch.setattr(random_labels, "relabelled", spy)
    bench_of("mlp").last("random_labels", epochs=4, batch_size=240)
    assert len(states) == len(set(states)) == 4


def test_the_rate_follows_its_schedule(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    cosine, constant = (
        bench.kept("random_labels", (1, 2, 3), epochs=3, schedule=schedule).states
        for schedule in ("cosine", "constant")
    )
    assert same(cosine[1][0], constant[1][0])
    moved = [
        sum(float(np.abs(states[3][0][name] - array).sum()) for name, array in states[2][0].items())
        for states in (cosine, constant)
    ]
    assert moved[0] < 0.5 * moved[1]
