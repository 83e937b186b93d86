"""Methods that add a loss: every step follows the gradient of the formula, on the sets that it names."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from bench import Bench
from torch import Tensor, nn

from unlearnkit.data.text.sequences import IGNORE
from unlearnkit.methods.language.block_outputs import block_output
from unlearnkit.methods.language.rmu import direction
from unlearnkit.training.shard import StackResults
from unlearnkit.training.unlearning import run_method, sets_of

STEPS, SIZE = 2, 7
Batches = Mapping[str, Any]
Objective = Callable[[nn.Module, nn.Module, Batches], Tensor]
"""(model, original, batches of the step by set) -> what the step minimises, in float64."""


@pytest.fixture
def pairs(bench_of: Callable[..., Bench]) -> Bench:
    """A bench of prompts with answers."""
    return bench_of("gpt2", method="idk_ap")


def rows(model: nn.Module, batch: Any) -> list[tuple[Tensor, Tensor]]:
    """Return logits [targets, V] and targets of every sequence, computed alone and without its padding."""
    found = []
    for inputs, labels in zip(*batch, strict=True):
        (chosen,) = (labels != IGNORE).nonzero(as_tuple=True)
        found.append((model(inputs[None, : int(chosen[-1]) + 1])[0, chosen], labels[chosen]))
    return found


def sums(model: nn.Module, batch: Any) -> Tensor:
    """Return S of every sequence."""
    own = [(z.log_softmax(-1), y) for z, y in rows(model, batch)]
    return torch.stack([-log_p[range(len(y)), y].sum() for log_p, y in own])


def counts(batch: Any) -> Tensor:
    return (batch[1] != IGNORE).sum(1)


def tokens(model: nn.Module, batch: Any) -> tuple[Tensor, Tensor]:
    """Return logits [targets, V] and targets [targets] of all sequences."""
    z, y = zip(*rows(model, batch), strict=True)
    return torch.cat(z), torch.cat(y)


def nll(model: nn.Module, batch: Any) -> Tensor:
    return sums(model, batch).sum() / counts(batch).sum()


def kl(model: nn.Module, original: nn.Module, batch: Any) -> Tensor:
    own, other = (tokens(each, batch)[0].log_softmax(-1) for each in (model, original))
    return (other.exp() * (other - own)).sum(-1).mean()


def soft(margins: Tensor, factor: float, beta: float) -> Tensor:
    return -factor / beta * (1 / (1 + (-beta * margins).exp())).log().mean()


def npo(model: nn.Module, original: nn.Module, batch: Any, beta: float) -> Tensor:
    return soft(sums(model, batch) - sums(original, batch), 2, beta)


def dpo(model: nn.Module, original: nn.Module, batch: Any, beta: float) -> Tensor:
    gains = [sums(original, own) - sums(model, own) for own in (batch[:2], batch[2:])]
    return soft(gains[0] - gains[1], 2, beta)


def ap(model: nn.Module, batch: Any, beta: float) -> Tensor:
    return soft(sums(model, batch[:2]) - sums(model, batch[2:]), 1, beta)


def weighted(model: nn.Module, batch: Any, saturation: float, importance: float) -> Tensor:
    z, y = tokens(model, batch)
    log_p = z.log_softmax(-1)[range(len(y)), y]
    p = log_p.exp().detach()
    return (p**saturation * (1 - p) ** importance * log_p).mean()


def undial(model: nn.Module, original: nn.Module, batch: Any, beta: float) -> Tensor:
    (z, y), (other, _) = tokens(model, batch), tokens(original, batch)
    goal = (other - beta * nn.functional.one_hot(y, z.shape[-1])).softmax(-1)
    return -(goal * z.log_softmax(-1)).sum(-1).mean()


def ceu(model: nn.Module, batch: Any) -> Tensor:
    z, y = (torch.cat(part) for part in zip(*((z[1:], y[1:]) for z, y in rows(model, batch)), strict=True))
    p = (z.softmax(-1) * (1 - nn.functional.one_hot(y, z.shape[-1]))).detach()
    return -(p / p.sum(-1, keepdim=True) * z.log_softmax(-1)).sum(-1).mean()


def uniform(model: nn.Module, batch: Any) -> Tensor:
    z, _ = tokens(model, batch)
    return -math.log(z.shape[-1]) - z.log_softmax(-1).mean()


def entropy(model: nn.Module, batch: Any) -> Tensor:
    p = tokens(model, batch)[0].softmax(-1)
    return math.log(p.shape[-1]) + (p * p.log()).sum(-1).mean()


def peak(model: nn.Module, batch: Any) -> Tensor:
    z, _ = tokens(model, batch)
    return ((z.max(-1).values - z.mean(-1)) ** 2).mean()


def hidden(model: nn.Module, batch: Any) -> list[Tensor]:
    found = []
    for inputs, labels in zip(*batch, strict=True):
        (chosen,) = (labels != IGNORE).nonzero(as_tuple=True)
        states = block_output(model, "transformer.h.0", inputs[None])[0]
        found.append(states[chosen + 1])
    return found


def steered(model: nn.Module, batch: Any, c: float) -> Tensor:
    generator = torch.Generator().manual_seed(METHOD_SEED)
    goal = c * direction(16, generator).double()
    return torch.stack([((h - goal) ** 2).mean() for h in hidden(model, batch)]).mean()


def embed(model: nn.Module, original: nn.Module, batch: Any) -> Tensor:
    both = zip(hidden(model, batch), hidden(original, batch), strict=True)
    return torch.stack([((own - other) ** 2).mean() for own, other in both]).mean()


METHOD_SEED = 0
"""Seed of the method's own generator; set by the test."""

F, R, REF, RREF, ALT = "forget", "retain", "refusals", "retain_refusals", "alternatives"
WEIGHTS = {"gamma": 2.0, "alpha": 3.0}
CASES: dict[str, tuple[dict[str, Any], int, Objective]] = {
    "idk": (WEIGHTS, 2, lambda m, o, b: 2 * nll(m, b[REF][:2]) + 3 * nll(m, b[R])),
    "dpo": ({**WEIGHTS, "beta": 0.5}, 5, lambda m, o, b: 2 * dpo(m, o, b[REF], 0.5) + 3 * nll(m, b[R])),
    "alt_po": ({"beta": 0.5, "retain": "none"}, 4, lambda m, o, b: dpo(m, o, b[ALT], 0.5)),
    "npo_gd": ({**WEIGHTS, "beta": 0.5}, 3, lambda m, o, b: 2 * npo(m, o, b[F], 0.5) + 3 * nll(m, b[R])),
    "npo_kl": ({**WEIGHTS, "beta": 0.5}, 4, lambda m, o, b: 2 * npo(m, o, b[F], 0.5) + 3 * kl(m, o, b[R])),
    "sim_npo": (
        {"delta": 1.0},
        2,
        lambda m, o, b: 0.125 * soft(sums(m, b[F]) / counts(b[F]) - 1, 2, 4.5) + nll(m, b[R]),
    ),
    "wga": ({"retain": "kl"}, 3, lambda m, o, b: weighted(m, b[F], 1, 0) + kl(m, o, b[R])),
    "sat_imp": ({}, 2, lambda m, o, b: weighted(m, b[F], 5, 1) + 0.1 * nll(m, b[R])),
    "undial": ({}, 2, lambda m, o, b: undial(m, o, b[F], 10)),
    "ceu": ({}, 1, lambda m, o, b: ceu(m, b[F])),
    "me_gd": ({}, 2, lambda m, o, b: 0.1 * uniform(m, b["unmasked"]) + nll(m, b[R])),
    "me_gd masked entropy": (
        {"mask_prompt": True, "form": "entropy"},
        2,
        lambda m, o, b: 0.1 * entropy(m, b[F]) + nll(m, b[R]),
    ),
    "idk_ap": ({**WEIGHTS, "beta": 0.5}, 3, lambda m, o, b: 2 * nll(m, b[REF][:2]) + 3 * ap(m, b[RREF], 0.5)),
    "pdu": ({"eps": 1.0, "alpha": 3.0, "dual_rate": 0.0}, 2, lambda m, o, b: peak(m, b[F]) + 3 * nll(m, b[R])),
    "rmu": ({"layer": 0, **WEIGHTS}, 3, lambda m, o, b: 2 * steered(m, b[F], 2) + 3 * embed(m, o, b[R])),
    "forget_retain": (
        {"forget": "me", "retain": "ap"},
        3,
        lambda m, o, b: uniform(m, b["unmasked"]) + ap(m, b[RREF], 0.1),
    ),
    "forget_retain dpo kl": (
        {"forget": "dpo", "retain": "kl"},
        6,
        lambda m, o, b: dpo(m, o, b[REF], 0.1) + kl(m, o, b[R]),
    ),
    "forget_retain npo": ({"forget": "npo", "retain": "none"}, 2, lambda m, o, b: npo(m, o, b[F], 0.1)),
    "forget_retain idk": ({"forget": "idk"}, 2, lambda m, o, b: nll(m, b[REF][:2]) + nll(m, b[R])),
    "forget_retain ga": ({"forget": "ga"}, 2, lambda m, o, b: nll(m, b[R]) - nll(m, b[F])),
}


def drawn(bench: Bench) -> list[dict[str, Any]]:
    """Return the batches by set that a method gets in its steps."""
    sets = sets_of(bench.task, bench.split, (REF, RREF, ALT), [0]).by_name
    sets["unmasked"] = sets_of(bench.task, bench.split, (), [0]).forget.unmasked()
    batches = {name: own.endless(SIZE) for name, own in sets.items()}
    return [{name: next(own) for name, own in batches.items()} for _ in range(STEPS)]


@pytest.mark.parametrize("case", CASES)
def test_every_step_follows_the_gradient_of_the_formula(
    case: str, pairs: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, per_step, objective = CASES[case]
    monkeypatch.setitem(globals(), "METHOD_SEED", pairs.context().generators[0].initial_seed())
    model, calls = pairs.model(), list[bool]()
    seen, before = list[tuple[nn.Module, dict[str, Tensor]]](), [copy.deepcopy(model)]

    def keep(step: int, moved: nn.Module) -> None:
        seen.append((before[-1], {name: p.grad.clone() for name, p in moved.named_parameters() if p.grad is not None}))
        before.append(copy.deepcopy(moved))

    context, original = replace(pairs.context(), keep=keep), copy.deepcopy(model).double().eval()
    # a copy of the model, trained or a reference, has the hook as well
    hook = model.register_forward_pre_hook(lambda part, given: calls.append(given[0].shape[1] > 1))
    pairs.call(
        case.split()[0],
        model,
        context,
        sets_of(pairs.task, pairs.split, (REF, RREF, ALT), [0]),
        **{"steps": STEPS, "lr": 0.02, "batch_size": SIZE, "clip": None, "schedule": "constant", **settings},
    )
    hook.remove()
    assert sum(calls) == STEPS * per_step
    for (moved, gradients), batches in zip(seen, drawn(pairs), strict=True):
        slow = copy.deepcopy(moved).double()
        slow._forward_pre_hooks.clear()
        slow.zero_grad()
        objective(slow, original.requires_grad_(False), batches).backward()
        expected = {name: p.grad for name, p in slow.named_parameters() if p.grad is not None}
        assert gradients.keys() == expected.keys()
        size = torch.stack([g.norm() for g in expected.values()]).norm()
        error = torch.stack([(gradients[name].double() - g).norm() for name, g in expected.items()]).norm()
        assert size > 1e-3
        assert error <= 1e-4 * size


@pytest.mark.parametrize("case", CASES)
def test_forward_passes_of_fewer_sequences_give_the_same_model_at_the_same_cost(case: str, pairs: Bench) -> None:
    settings, _, _ = CASES[case]

    def kept(size: int | None) -> StackResults:
        recipe = pairs.recipe(case.split()[0], **{"steps": 2, "lr": 0.01, "batch_size": SIZE, **settings})
        worker = replace(pairs.worker(), micro_batch_size=size)
        return run_method(pairs.task, recipe, pairs.split, pairs.model(), {}, (0,), worker)

    whole, parts = kept(None), kept(3)
    assert parts.passes == pytest.approx(whole.passes, rel=1e-12)
    for name, array in whole.states[2][0].items():
        np.testing.assert_allclose(parts.states[2][0][name], array, atol=2e-4, err_msg=name)
