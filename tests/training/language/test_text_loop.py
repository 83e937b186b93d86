"""Training of language models: the same update however a step is divided, the same bits however it is interrupted."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from made_pairs import made_pairs
from small_text import CPU, difference, order_of, positions_text, recipe, text_task, trained
from torch import nn
from torch.nn import functional

from unlearnkit.config.training.text_recipe import TextRecipe
from unlearnkit.data.text.cutting import Unit
from unlearnkit.data.text.sequences import IGNORE, Tokens
from unlearnkit.errors import TrainingError
from unlearnkit.training.language.token_losses import targets, token_sum
from unlearnkit.training.originals import train_shard
from unlearnkit.training.shard import ShardResult, Task, Worker

SMALL = [
    ("nanogpt", {}),
    ("gpt2", {}),
    ("gpt_neo", {"window": 4}),
    ("qwen2", {"kv_heads": 1, "mlp_width": 24}),
    ("llama", {"tied": False, "kv_heads": 1, "mlp_width": 24}),
]


@pytest.mark.parametrize("unit", ["sequence", "document"])
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_accumulation_changes_no_update(unit: Unit, optimizer: str, worker_of: Callable[..., Worker]) -> None:
    text_set = positions_text(unit)
    lengths = set(text_set.lengths[: text_set.train_size].tolist())
    assert (len(lengths) > 3) == (unit == "document")
    # one update of weights that all have gradients; Newton-Schulz in bfloat16 keeps 2 to 3 digits
    task, own = text_task(text_set, "gpt2"), recipe(epochs=1, batch_size=8, optimizer=optimizer, eps=1e-3, lr=0.1)
    reference = first_update(task, own, worker_of())
    moved = difference(reference, task.fresh("original", [0], CPU))
    assert moved > 1e-2
    for size in (8, 4, 3, 2, 1):
        update = first_update(task, own, worker_of(), micro_batch_size=size)
        assert difference(reference, update) < (1e-6 if optimizer == "adamw" else 0.02 * moved)


def first_update(task: Task, own: TextRecipe, worker: Worker, **execution: Any) -> nn.Module:
    moments: list[dict[str, np.ndarray]] = []
    trained(task, own, worker, end_step=lambda step: moments.append(step.capture()), **execution)
    captured = moments[0]
    model = task.fresh("original", [0], CPU)
    model.load_state_dict(
        {k.removeprefix("model/"): torch.from_numpy(v) for k, v in captured.items() if k.startswith("model/")}
    )
    return model


def test_padding_changes_no_loss_and_no_gradient() -> None:
    text_set = positions_text("document")
    tokens = Tokens(text_set, CPU)
    rows = torch.arange(text_set.train_size)
    inputs, labels = tokens.batch(rows[:8], tokens.within(rows))
    for name, settings in SMALL:
        task = text_task(text_set, name, **settings)
        model = type(task.architecture)(name, task.architecture.settings, text_set.vocabulary_size, (8 + 17,)).build(0)
        losses, gradients = [], []
        for more in (0, 17):
            wide, aims = functional.pad(inputs, (0, more)), functional.pad(labels, (0, more), value=IGNORE)
            loss = token_sum(model(wide), aims) / targets(aims)
            model.zero_grad()
            loss.backward()
            losses.append(loss.item())
            gradients.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
        assert losses[1] == pytest.approx(losses[0], abs=1e-6)
        assert (gradients[0] - gradients[1]).abs().max() < 1e-6


def test_the_loop_is_the_one_written_out(worker_of: Callable[..., Worker]) -> None:
    """AdamW of torch with a warm-up and a linear fall, decay for matrices only, against a loop of a few lines."""
    text_set = positions_text("document")
    task = text_task(text_set, "gpt2")
    own = recipe(batch_size=6, order="shuffled", warmup_steps=3, schedule="linear", weight_decay=0.3, clip=0.5)
    ours = trained(task, own, worker_of())
    model, tokens, rows = task.fresh("original", [0], CPU), task.source, torch.arange(text_set.train_size)
    training_order = order_of(own, rows, text_set)
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": 0.3},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95))
    for step in range(training_order.steps):
        rate = (step + 1) / 3 if step < 3 else 1 - (step - 3) / (training_order.steps - 3)
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * rate
        inputs, labels = tokens.batch(training_order.of_step(step), tokens.within(rows))
        optimizer.zero_grad()
        functional.cross_entropy(model(inputs).flatten(0, 1), labels.flatten(), ignore_index=IGNORE).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
    assert difference(ours, model) < 1e-5
    assert difference(ours, task.fresh("original", [0], CPU)) > 1e-2


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("order", ["stream", "shuffled"])
def test_a_resumed_run_ends_in_the_same_bits(optimizer: str, order: str, worker_of: Callable[..., Worker]) -> None:
    text_set = positions_text("document")
    task = text_task(text_set, "gpt2")
    own = recipe(epochs=2, optimizer=optimizer, order=order, warmup_steps=2, muon_momentum_steps=4)
    moments: list[dict[str, np.ndarray]] = []
    whole = trained(task, own, worker_of(), end_step=lambda step: moments.append(step.capture()))
    assert len(moments) >= 6
    for moment in moments:
        again = trained(task, own, worker_of(), resume=moment)
        assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), again.parameters(), strict=True))


class KilledError(Exception):
    """Stands for the end of a process."""


@pytest.mark.parametrize("micro_batch_size", [None, 3])
def test_a_killed_shard_ends_in_the_same_bits_and_keeps_its_curve(
    micro_batch_size: int | None, worker_of: Callable[..., Worker]
) -> None:
    text_set = positions_text("sequence")
    task, own = text_task(text_set), recipe(epochs=6, order="shuffled")
    rows = torch.arange(text_set.train_size)

    def run(worker: Worker) -> ShardResult:
        worker = dataclasses.replace(worker, micro_batch_size=micro_batch_size)
        return train_shard(task, own, rows, role="oracle", model_indices=[3, 4], worker=worker)

    whole = run(worker_of())
    calls = 0

    def clock() -> float:
        nonlocal calls
        calls += 1
        if calls == 60:
            raise KilledError
        return float(calls)

    with pytest.raises(KilledError):
        run(worker_of(clock=clock, checkpoint_seconds=0, folder="killed"))
    again = run(worker_of(folder="killed"))
    for key, state in whole.states.items():
        assert all(np.array_equal(array, again.states[key][name]) for name, array in state.items())
    steps = order_of(own, rows, text_set).steps
    for model in (3, 4):
        for column in ("step", "tokens", "loss", "lr"):
            assert np.array_equal(whole.curves[model][column], again.curves[model][column])
        assert whole.curves[model]["step"].tolist() == list(range(1, steps + 1))
        assert again.curves[model]["tokens"][-1] == 6 * text_set.lengths[rows.numpy()].sum()


def test_growing_a_shard_changes_no_model(worker_of: Callable[..., Worker]) -> None:
    """The reference sets no seeds, so none of its models can be made again (D-30)."""
    text_set = positions_text("sequence")
    task, own, rows = text_task(text_set), recipe(order="shuffled"), torch.arange(text_set.train_size)

    def states(models: list[int], role: str = "original") -> dict[tuple[int, int], dict[str, np.ndarray]]:
        return train_shard(task, own, rows, role=role, model_indices=models, worker=worker_of()).states

    alone, together = states([2]), states([0, 1, 2, 3])
    assert all(np.array_equal(alone[2, 2][name], array) for name, array in together[2, 2].items())
    assert any(not np.array_equal(together[1, 2][name], array) for name, array in together[2, 2].items())
    # an oracle that forgets nothing is its original; a held-out oracle shares nothing with either
    oracle, held_out = states([2], "oracle"), states([2], "held_out_oracle")
    assert all(np.array_equal(alone[2, 2][name], array) for name, array in oracle[2, 2].items())
    assert any(not np.array_equal(alone[2, 2][name], array) for name, array in held_out[2, 2].items())


def test_bfloat16_learns_and_keeps_float32_weights(worker_of: Callable[..., Worker]) -> None:
    text_set = positions_text("sequence")
    task = text_task(text_set, "gpt2")
    losses: list[float] = []
    model = trained(
        task, recipe(epochs=8, precision="bfloat16"), worker_of(), end_step=lambda step: losses.append(step.loss())
    )
    exact: list[float] = []
    trained(task, recipe(epochs=8), worker_of(), end_step=lambda step: exact.append(step.loss()))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert losses != exact
    assert losses == pytest.approx(exact, rel=0.02)
    assert losses[-1] < losses[0] - 0.2


@pytest.mark.slow  # a minute of g++
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs g++ on a CPU")
def test_compiling_changes_rounding_only(worker_of: Callable[..., Worker]) -> None:
    text_set = positions_text("document")
    task, own = text_task(text_set, layers=1), recipe(epochs=1, batch_size=8)
    plain = trained(task, own, worker_of())
    compiled = trained(task, own, worker_of(), compiled=True)
    assert list(compiled.state_dict()) == list(plain.state_dict())
    # 2e-5 on an AMD EPYC, where one step of the rate is 3e-3
    assert difference(plain, compiled) < 2e-4


@pytest.mark.slow
def test_a_model_that_cannot_be_compiled_is_named(
    worker_of: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._dynamo.exc import BackendCompilerFailed  # noqa: F401  (loads the compiler before it is taken away)
    from torch._inductor import config

    monkeypatch.setattr(config.cpp, "cxx", ("no-such-compiler",))
    torch._dynamo.reset()
    text_set = positions_text("sequence", documents=3)
    monkeypatch.setenv("TORCHINDUCTOR_FORCE_DISABLE_CACHES", "1")
    with pytest.raises(TrainingError, match=r"cannot be compiled for cpu.*execution.compile"):
        trained(text_task(text_set, layers=3, width=24), recipe(), worker_of(), compiled=True)


def test_pairs_descend_the_loss_of_their_answers_alone(worker_of: Callable[..., Worker]) -> None:
    pairs = made_pairs(8, 2)
    task, own = text_task(pairs, "gpt2"), recipe(epochs=1, batch_size=8, eps=1e-3, lr=0.1)
    losses: list[float] = []
    trained(task, own, worker_of(), end_step=lambda step: losses.append(step.loss()))
    model, tokens = task.fresh("original", [0], CPU), Tokens(pairs, CPU)
    inputs, labels = tokens.batch(torch.arange(8), tokens.within(None))
    by_hand = functional.cross_entropy(model(inputs).flatten(0, 1), labels.flatten(), ignore_index=IGNORE)
    assert losses == pytest.approx([by_hand.item()], rel=1e-5)
    reference = first_update(task, own, worker_of())
    for size in (3, 1):
        assert difference(reference, first_update(task, own, worker_of(), micro_batch_size=size)) < 1e-6
