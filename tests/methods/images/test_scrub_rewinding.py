"""Rewinding chooses, for every model apart, the epoch that errs on the forget set as on unseen samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from bench import CPU, Bench, close, same
from torch import Tensor

from unlearnkit.artifacts.weights import State
from unlearnkit.errors import TrainingError
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.models.building import states_of

EPOCHS, MODELS = 4, 3
SETTINGS: dict[str, Any] = {"lr": 0.1, "milestones": (), "ascent_epochs": EPOCHS, "forget_batch_size": 4}
"""A constant rate, so that a shorter run is the beginning of a longer one."""


def unseen(bench: Bench) -> Tensor:
    """Return the validation samples whose class occurs in the forget set."""
    labels, validation = bench.task.pixels.labels, bench.split.views["validation"]
    return validation[torch.isin(labels[validation], labels[bench.split.forget])]


def error(bench: Bench, state: State, samples: Tensor) -> float:
    model = bench.task.architecture.gather([bench.task.architecture.load(state)], CPU).eval()
    with torch.no_grad():
        predicted = model(bench.task.pixels.normalised(samples)).argmax(-1)
    return (predicted != bench.task.pixels.labels[samples]).double().mean().item()


def chosen(bench: Bench, states: list[State]) -> int:
    """Return the epoch, 0 for the original, that rewinding has to choose of one model's states."""
    reference = error(bench, states[-1], unseen(bench))
    return int(np.argmin([abs(error(bench, state, bench.split.forget) - reference) for state in states]))


def trained(bench: Bench, index: int) -> list[State]:
    """Return the states of a model before the first epoch and after each."""
    runs = [bench.shard("scrub", 1, epochs=epoch, **SETTINGS) for epoch in range(1, EPOCHS + 1)]
    return [states_of(bench.model(index))[0], *(run.states[index, e] for e, run in enumerate(runs, start=1))]


def test_every_model_goes_back_to_its_own_epoch(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    samples = len(unseen(bench))
    single, stacked = (
        bench.shard("scrub", size, epochs=EPOCHS, rewind_samples=samples, **SETTINGS) for size in (1, MODELS)
    )
    epochs = []
    for index in range(MODELS):
        states = trained(bench, index)
        epochs.append(chosen(bench, states))
        assert same(single.states[index, EPOCHS], states[epochs[-1]])
        assert close(stacked.states[index, EPOCHS], states[epochs[-1]])
    # the original, which the published code never returns, and the last epoch among them
    assert {0, EPOCHS} < set(epochs)


def test_statistics_of_batch_norm_go_back_with_the_weights(bench_of: Callable[..., Bench]) -> None:
    # nothing learns, but every pass in train mode moves the statistics; equal errors go back to the original
    bench = bench_of("small_cnn")
    still = {"lr": 0.0, "milestones": (), "epochs": 2}
    samples = len(unseen(bench))
    drifted, back = (bench.last("scrub", rewind_samples=number, **still) for number in (0, samples))
    states = [states_of(bench.model())[0], bench.last("scrub", **{**still, "epochs": 1}), drifted]
    assert not same(drifted, states[0])
    assert same(back, states[chosen(bench, states)])


def test_earlier_snapshots_are_as_training_left_them(bench_of: Callable[..., Bench]) -> None:
    bench, snapshots = bench_of("mlp"), tuple(range(1, EPOCHS + 1))
    plain = bench.kept("scrub", snapshots, epochs=EPOCHS, **SETTINGS)
    rewound = bench.kept("scrub", snapshots, epochs=EPOCHS, rewind_samples=5, **SETTINGS)
    assert all(same(plain.states[epoch][0], rewound.states[epoch][0]) for epoch in snapshots[:-1])


@pytest.mark.parametrize("samples", [1, 5])
def test_passes_count_every_evaluation(bench: Bench, samples: int) -> None:
    snapshots = (1, 2, 3)
    changed = {"epochs": 3, "ascent_epochs": 2}
    plain, rewound = (bench.kept("scrub", snapshots, **changed, rewind_samples=number) for number in (0, samples))
    added = {epoch: rewound.passes[epoch] - plain.passes[epoch] for epoch in snapshots}
    forget = len(bench.forget) * FORWARD_PASS
    assert added == pytest.approx({1: 2 * forget, 2: 3 * forget, 3: 4 * forget + samples * FORWARD_PASS})
    stated = bench.settings("scrub", **changed, rewind_samples=samples)
    assert rewound.passes == pytest.approx({epoch: stated.passes(230, 10, epoch) for epoch in snapshots})


def test_more_unseen_samples_than_there_are_of_these_classes_are_refused(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    available = len(unseen(bench))
    assert 0 < available < len(bench.split.views["validation"])
    bench.last("scrub", rewind_samples=available)
    with pytest.raises(TrainingError, match=f"{available + 1} validation samples .* there are {available}"):
        bench.last("scrub", rewind_samples=available + 1)


def test_samples_of_other_classes_play_no_part(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    own = set(unseen(bench).tolist())
    images = bench.dataset.images.copy()
    others = [row for row in bench.split.views["validation"].tolist() if row not in own]
    images[others] = 255 - images[others]
    altered = replace(bench, dataset=replace(bench.dataset, images=images))
    settings = {"epochs": EPOCHS, "rewind_samples": len(own), **SETTINGS}
    assert same(bench.last("scrub", **settings), altered.last("scrub", **settings))
