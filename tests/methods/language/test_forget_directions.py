"""What methods do to a model that has memorised pairs of a prompt and an answer: each moves what it says it moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from bench import BRIEFLY
from made_pairs import made_pairs
from memory import Memory
from torch import Tensor, nn

from unlearnkit.config.blocks import declared
from unlearnkit.config.training.text_recipe import TextRecipe
from unlearnkit.data.text.sequences import IGNORE
from unlearnkit.methods.language.block_outputs import block_output
from unlearnkit.methods.language.rmu import direction
from unlearnkit.methods.language.token_steps import TokenBatch
from unlearnkit.training.language.forget_losses import peak_sum
from unlearnkit.training.language.token_losses import token_sum
from unlearnkit.training.unlearning import ROLE, sets_of

VIEWS = ("refusals", "retain_refusals", "alternatives")


def recipe(epochs: int, batch_size: int, lr: float) -> TextRecipe:
    return TextRecipe.model_validate(
        {"epochs": epochs, "batch_size": batch_size, "order": "shuffled", "lr": lr, "warmup_steps": 5}
        | {"schedule": "linear", "weight_decay": 0.0}
    )


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    """A model of forty pairs, of which eight are forgotten."""
    model = {"name": "gpt2", "layers": 1, "width": 32, "heads": 2}
    return Memory(tmp_path_factory.mktemp("toy"), made_pairs(40, 4), model, recipe(60, 20, 1e-2), np.arange(0, 40, 5))


def batch_of(memory: Memory, name: str) -> TokenBatch:
    """Return a whole set as one batch."""
    draws = sets_of(memory.task, memory.split, VIEWS, [0]).by_name[name]
    return TokenBatch.whole(*next(draws.unshuffled(len(draws))))


@torch.no_grad()
def nll(model: nn.Module, batch: TokenBatch) -> float:
    return float(token_sum(model(batch.inputs), batch.labels) / batch.targets)


@torch.no_grad()
def entropy(model: nn.Module, batch: TokenBatch) -> float:
    p = model(batch.inputs)[batch.labels != IGNORE].log_softmax(-1)
    return float(-(p.exp() * p).sum(-1).mean())


@torch.no_grad()
def height(model: nn.Module, batch: TokenBatch) -> float:
    return float(peak_sum(model(batch.inputs), batch.labels) / batch.targets)


def forget_loss(memory: Memory, model: nn.Module) -> float:
    return nll(model, batch_of(memory, "forget"))


def refusal_loss(memory: Memory, model: nn.Module) -> float:
    return nll(model, batch_of(memory, "refusals"))


def wrong_before_true(memory: Memory, model: nn.Module) -> float:
    batch = batch_of(memory, "alternatives")
    assert batch.paired is not None
    return nll(model, batch.paired) - nll(model, batch)


def forget_entropy(memory: Memory, model: nn.Module) -> float:
    return entropy(model, batch_of(memory, "forget"))


def sharpness(memory: Memory, model: nn.Module) -> float:
    return height(model, batch_of(memory, "forget"))


@torch.no_grad()
def from_vector(memory: Memory, model: nn.Module) -> float:
    batch = batch_of(memory, "forget")
    goal = 2 * direction(32, memory.task.generators(ROLE, [0], "method")[0])
    states: Tensor = block_output(model, "transformer.h.0", batch.inputs)
    return float((states - goal).square().mean())


def fields(method: str) -> set[str]:
    return set(declared("method", method).Settings.model_fields)


@dataclass(frozen=True)
class Move:
    """What a method moves, at least how far (up if positive), and its settings besides steps and rate."""

    measured: Callable[[Memory, nn.Module], float]
    by: float
    settings: dict[str, Any]


MOVES = {
    "grad_diff": Move(forget_loss, 1.0, {}),
    "npo_gd": Move(forget_loss, 1.0, {}),
    "npo_kl": Move(forget_loss, 1.0, {}),
    "sim_npo": Move(forget_loss, 0.3, {"gamma": 1.0}),
    "wga": Move(forget_loss, 0.3, {}),
    "sat_imp": Move(forget_loss, 0.3, {}),
    "undial": Move(forget_loss, 0.3, {}),
    "ceu": Move(forget_loss, 0.3, {}),
    "pdu": Move(sharpness, -1.0, {"alpha": 10.0}),
    "me_gd": Move(forget_entropy, 0.3, {"gamma": 1.0}),
    "rmu": Move(from_vector, -0.01, {"layer": 0}),
    "idk": Move(refusal_loss, -1.0, {}),
    "dpo": Move(refusal_loss, -1.0, {}),
    "idk_ap": Move(refusal_loss, -1.0, {}),
    "alt_po": Move(wrong_before_true, 1.0, {}),
    "forget_retain": Move(forget_entropy, 0.3, {"forget": "me", "retain": "ap"}),
    "kumpr": Move(forget_loss, 1.0, {"epochs": 20, "n": 2}),
    "llmu": Move(forget_loss, 1.0, {}),
}


@pytest.mark.parametrize("method", MOVES)
def test_a_method_moves_what_it_says(method: str, toy: Memory) -> None:
    move = MOVES[method]
    common = {"steps": 20, "lr": 3e-3, "batch_size": 8}
    model = toy.unlearned(method, {name: common[name] for name in common.keys() & fields(method)} | move.settings)
    before, after = move.measured(toy, toy.original), move.measured(toy, model)
    print(f"{method}: {move.measured.__name__} {before:.3f} -> {after:.3f}")
    assert (after - before) / move.by >= 1


def test_every_method_on_a_shared_loop_is_there() -> None:
    # icu forgets documents: test_icu
    assert MOVES.keys() == BRIEFLY - {"icu"}


# the table of a published comparison, in kind


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    """A model of a hundred pairs, of which twenty are forgotten."""
    model, pairs = {"name": "gpt2", "layers": 2, "width": 64, "heads": 4}, made_pairs(100, 10, vocabulary=100)
    return Memory(tmp_path_factory.mktemp("memory"), pairs, model, recipe(60, 25, 5e-3), np.arange(0, 100, 5))


UNBOUNDED = {"max_forget_nll": 1e9}
PUBLISHED: dict[str, dict[str, Any]] = {
    "ga": UNBOUNDED,
    "grad_diff": UNBOUNDED,
    "npo_gd": {},
    "me_gd": {"gamma": 1.0},
    "idk_ap": {},
}


@pytest.mark.slow
def test_methods_differ_as_published(memory: Memory) -> None:
    """Ascent destroys both sets, a retain loss keeps one, NPO is gentler, ME is uncertain, IDK+AP refuses."""
    models = {"original": memory.original}
    for name, own in PUBLISHED.items():
        models[name] = memory.unlearned(name, {"steps": 60, "lr": 1e-3, "batch_size": 8, **own})
    known = {name: memory.known(model) for name, model in models.items()}
    refusals = {name: refusal_loss(memory, model) for name, model in models.items()}
    entropies = {name: forget_entropy(memory, model) for name, model in models.items()}
    for name, own in known.items():
        print(f"{name}: forget {own.forget_loss:.2f}, retain {own.retain_loss:.2f} nats", end="")
        print(f", refusals {refusals[name]:.2f}, entropy {entropies[name]:.2f}")
    assert max(known["original"].forget_loss, known["original"].retain_loss) < 0.4
    assert min(known["ga"].forget_loss, known["ga"].retain_loss) > 5
    assert known["grad_diff"].forget_loss > 4 > 2 > known["grad_diff"].retain_loss
    assert 2 < known["npo_gd"].forget_loss < known["grad_diff"].forget_loss
    assert known["npo_gd"].retain_loss < known["grad_diff"].retain_loss
    assert entropies["me_gd"] > entropies["original"] + 1
    assert known["me_gd"].retain_loss < 1
    assert refusals["idk_ap"] < refusals["original"] - 2
    assert known["idk_ap"].retain_loss < min(1, known["idk_ap"].forget_loss)
