"""Methods that add a loss, beyond their gradients: names, the bound of PDU, the vector and the block of RMU."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from bench import Bench, same
from torch import Tensor, nn

from unlearnkit.errors import TrainingError
from unlearnkit.methods.language.rmu import direction
from unlearnkit.models.building import states_of
from unlearnkit.training.language.token_losses import targets, token_sum

SIZE = 7


@pytest.fixture
def pairs(bench_of: Callable[..., Bench]) -> Bench:
    """A bench of prompts with answers."""
    return bench_of("gpt2", method="idk_ap")


@torch.no_grad()
def nll(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    return token_sum(model(batch[0]), batch[1]) / targets(batch[1])


# names of published tables for methods with more settings


@pytest.mark.parametrize(
    ("name", "other", "settings"),
    [
        ("grad_diff", "graddiff", {}),
        ("npo_gd", "npo", {"retain": "nll"}),
        ("npo_kl", "npo", {"retain": "kl"}),
        ("idk", "forget_retain", {"forget": "idk", "retain": "nll"}),
        ("idk_ap", "forget_retain", {"forget": "idk", "retain": "ap"}),
        ("dpo", "forget_retain", {"forget": "dpo", "retain": "nll"}),
    ],
)
def test_two_names_of_one_objective_give_the_same_model(
    name: str, other: str, settings: dict[str, Any], pairs: Bench
) -> None:
    assert same(pairs.last(name, lr=0.01), pairs.last(other, lr=0.01, **settings))


# the bound of a primal-dual method


def test_lambda_moves_once_a_step_by_the_loss_of_the_whole_batch(pairs: Bench) -> None:
    settings = {"eps": 1.5, "alpha": 2.0, "dual_rate": 0.5, "dual_warmup": 0.5, "steps": 4, "lr": 0.01}
    notes, before = list[str](), [pairs.model()]
    context = replace(pairs.context(), keep=lambda _, moved: before.append(copy.deepcopy(moved)), note=notes.append)
    for size in (None, 3):
        del notes[:], before[1:]
        context.micro_batch_size = size
        pairs.call("pdu", pairs.model(), context, batch_size=SIZE, schedule="constant", **settings)
        value, batches = 2.0, pairs.samples("retain").endless(SIZE)
        for step, model in enumerate(before[:4], start=1):
            loss = nll(model.eval(), next(batches)).item()
            value = max(0.0, value + 0.5 * (loss - 1.5)) if step > 2 else value
        assert notes[-1] == f"lambda ended at {value:.4g}, with eps 1.5 nats"


def test_a_bound_of_auto_is_measured_on_the_original(pairs: Bench) -> None:
    def ends(**settings: Any) -> str:
        return pairs.kept("pdu", steps=1, **settings).notes[-1]

    everything = [pairs.samples("retain").batch(pairs.split.retain[None])]
    batch = tuple(part[0] for part in everything[0])
    expected = 1.2 * nll(pairs.model().eval(), batch).item()
    assert ends().endswith(f"with eps {expected:.4g} nats")
    assert not ends(measured=20).endswith(f"with eps {expected:.4g} nats")


# the vector that representations are steered to


def test_the_vector_follows_from_the_seed(bench_of: Callable[..., Bench]) -> None:
    first, second = (direction(64, bench_of("gpt2", seed).context().generators[0]) for seed in (0, 1))
    again = direction(64, bench_of("gpt2", 0).context().generators[0])
    assert torch.equal(first, again) and not torch.equal(first, second)
    assert first.norm().item() == pytest.approx(1, rel=1e-6)
    assert (first >= 0).all()


@pytest.mark.parametrize("model", ["gpt2", "nanogpt"])
def test_only_the_blocks_up_to_the_steered_one_move(model: str, bench_of: Callable[..., Bench]) -> None:
    bench = replace(bench_of(model), base_seed=0)
    task = bench.task
    settings = {**task.architecture.settings.model_dump(), "layers": 3}
    deeper = replace(task.architecture, settings=type(task.architecture.settings).model_validate(settings))
    bench.__dict__["task"] = replace(task, architecture=deeper)
    (before,), after = states_of(bench.model()), bench.last("rmu", layer=1, lr=0.01)
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    numbers = {int(part) for name in moved for part in name.split(".") if part.isdigit()}
    assert numbers == {0, 1}


def test_a_block_beyond_the_model_is_refused(pairs: Bench) -> None:
    with pytest.raises(TrainingError) as error:
        pairs.last("rmu", layer=1)
    assert str(error.value) == (
        "the method steers block 1, but the last transformer block of the model is 0; expected a block from 0 to 0. "
        "Lower the setting `layer` of the method."
    )


def test_rmu_moves_what_is_named_and_nothing_else(pairs: Bench) -> None:
    trained = ["h.0.mlp.c_proj.weight"]
    (before,), after = states_of(pairs.model()), pairs.last("rmu", layer=0, lr=0.01, trained=trained)
    moved = [name for name, old in before.items() if not np.array_equal(old, after[name])]
    assert len(moved) == 1 and moved[0].endswith(trained[0])
    with pytest.raises(
        TrainingError, match=r"`trained` of rmu names h\.9\.mlp, but no parameter that the model trains"
    ):
        pairs.last("rmu", layer=0, trained=["h.9.mlp"])
