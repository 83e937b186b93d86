"""SalUn: masked weights keep their bits, and the mask is that of the whole forget set's gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from bench import Bench, same

from unlearnkit.training.images.losses import cross_entropy

DECAYED = {"momentum": 0.9, "weight_decay": 5e-4, "lr": 0.05, "epochs": 3}


def moved(bench: Bench, **settings: float) -> np.ndarray:
    """Return which weights differ from the original's to the bit, all in one row."""
    after, before = bench.last("salun", **settings), bench.model()
    return np.concatenate([(after[name] != p.detach().numpy()).ravel() for name, p in before.named_parameters()])


def gradient(bench: Bench) -> np.ndarray:
    """Return |d CE on F / d w| of the original in eval mode, from one batch of the whole forget set."""
    model, indices = bench.model().eval(), bench.split.forget
    loss = cross_entropy(model(bench.task.pixels.normalised(indices)), bench.task.pixels.labels[indices])
    return np.concatenate([g.abs().numpy().ravel() for g in torch.autograd.grad(loss, list(model.parameters()))])


@pytest.mark.parametrize("batch_size", [4, 64])
@pytest.mark.parametrize("salient", [0.02, 0.1, 0.5])
def test_only_the_salient_weights_move_with_weight_decay_and_momentum(
    bench: Bench, salient: float, batch_size: int
) -> None:
    saliency = gradient(bench)
    count = int(salient * len(saliency))
    chosen = np.zeros(len(saliency), dtype=bool)
    chosen[np.argsort(-saliency, kind="stable")[:count]] = True
    moves = moved(bench, salient=salient, batch_size=batch_size, **DECAYED)
    assert 0.9 * count < moves.sum() <= count
    # batches are added in another order, so that the last of the ranks may change places
    assert (moves & ~chosen).sum() <= 2


def test_with_all_weights_salient_it_is_successive_random_labels(bench: Bench) -> None:
    settings = {**DECAYED, "batch_size": 64, "schedule": "cosine"}
    assert same(bench.last("salun", salient=1.0, **settings), bench.last("random_labels", **settings))


def test_a_part_smaller_than_one_weight_lets_one_move(bench_of: Callable[..., Bench]) -> None:
    assert moved(bench_of("mlp"), salient=1e-9, **DECAYED).sum() == 1


def test_every_model_has_a_mask_of_its_own_whatever_the_stack(bench: Bench) -> None:
    single, stacked = (bench.shard("salun", size, salient=0.1, **DECAYED) for size in (1, 3))
    masks = set()
    for (index, epoch), state in single.states.items():
        assert same(stacked.states[index, epoch], state)
        original = dict(bench.model(index).named_parameters())
        moved_ones = [state[name] != parameter.detach().numpy() for name, parameter in original.items()]
        masks.add(b"".join(moves.tobytes() for moves in moved_ones))
    assert len(masks) == 3
