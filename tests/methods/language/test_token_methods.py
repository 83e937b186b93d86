"""Methods for language models, step by step: the gradient of their formula, their turns, their guard, their cost."""

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

from unlearnkit import registry
from unlearnkit.data.text.sequences import IGNORE
from unlearnkit.methods.language.token_steps import rate_of
from unlearnkit.models.building import states_of
from unlearnkit.training.unlearning import run_method

STEPS = 4
Batch = tuple[Tensor, Tensor]


@pytest.fixture
def text(bench_of: Callable[..., Bench]) -> Bench:
    """A bench whose models have vectors among their parameters and random heads."""
    return bench_of("gpt2")


def drawn(text: Bench, part: str, size: int, count: int) -> list[Batch]:
    """Return the batches that a method gets of a set."""
    batches = text.samples(part).endless(size)
    return [next(batches) for _ in range(count)]


def log_p(model: nn.Module, batch: Batch) -> list[Tensor]:
    """Return the log probabilities [targets, V] of every sequence, computed alone, without its padding, in float64."""
    found = []
    for inputs, labels in zip(*batch, strict=True):
        chosen = [t for t, label in enumerate(labels.tolist()) if label != IGNORE]
        logits = model(inputs[None, : chosen[-1] + 1])[0]
        found.append(torch.stack([logits[t] - logits[t].exp().sum().log() for t in chosen]))
    return found


def losses(model: nn.Module, batch: Batch) -> list[Tensor]:
    """Return S of every sequence, and its targets."""
    labels = [row[row != IGNORE] for row in batch[1]]
    found = zip(log_p(model, batch), labels, strict=True)
    return [-p[range(len(own)), own].sum() for p, own in found]


def nll(model: nn.Module, batch: Batch) -> Tensor:
    return torch.stack(losses(model, batch)).sum() / (batch[1] != IGNORE).sum()


def kl(model: nn.Module, original: nn.Module, batch: Batch) -> Tensor:
    own, other = (torch.cat(log_p(each, batch)) for each in (model, original))
    return (other.exp() * (other - own)).sum(-1).mean()


def preference(model: nn.Module, original: nn.Module, batch: Batch, beta: float) -> Tensor:
    own, other = (torch.stack(losses(each, batch)) for each in (model, original))
    return (2 / beta * (1 + (other - own).exp() ** beta).log()).mean()


Objective = Callable[[int, nn.Module, nn.Module, list[Batch], list[Batch]], Tensor]
"""(step, model, original, batches of the forget set, of the retain set) -> what the step minimises."""


def scrub(step: int, model: nn.Module, original: nn.Module, forget: list[Batch], retain: list[Batch]) -> Tensor:
    if step in (2, 4):
        return -kl(model, original, forget[step // 2 - 1])
    batch = retain[(step - 1) // 2]
    return 0.5 * nll(model, batch) + 2 * kl(model, original, batch)


CASES: dict[str, tuple[str, dict[str, Any], int, Objective]] = {
    "ga": ("ga", {}, 1, lambda s, m, o, f, r: -nll(m, f[s - 1])),
    "graddiff": (
        "graddiff",
        {"gamma": 0.5, "alpha": 3.0},
        2,
        lambda s, m, o, f, r: -0.5 * nll(m, f[s - 1]) + 3 * nll(m, r[s - 1]),
    ),
    "graddiff kl": (
        "graddiff",
        {"gamma": 0.5, "alpha": 3.0, "retain": "kl"},
        3,
        lambda s, m, o, f, r: -0.5 * nll(m, f[s - 1]) + 3 * kl(m, o, r[s - 1]),
    ),
    "ga_kl": ("ga_kl", {}, 3, lambda s, m, o, f, r: -nll(m, f[s - 1]) + kl(m, o, r[s - 1])),
    "npo": (
        "npo",
        {"beta": 0.5, "gamma": 2.0, "retain": "none"},
        2,
        lambda s, m, o, f, r: 2 * preference(m, o, f[s - 1], 0.5),
    ),
    "npo nll": (
        "npo",
        {"beta": 0.5, "alpha": 3.0},
        3,
        lambda s, m, o, f, r: preference(m, o, f[s - 1], 0.5) + 3 * nll(m, r[s - 1]),
    ),
    "npo kl": (
        "npo",
        {"beta": 0.5, "alpha": 3.0, "retain": "kl"},
        4,
        lambda s, m, o, f, r: preference(m, o, f[s - 1], 0.5) + 3 * kl(m, o, r[s - 1]),
    ),
    "token_scrub": ("token_scrub", {"gamma": 0.5, "alpha": 2.0}, 2, scrub),
    "token_fine_tune": ("token_fine_tune", {}, 1, lambda s, m, o, f, r: nll(m, r[s - 1])),
}


@pytest.mark.parametrize("case", CASES)
def test_every_step_follows_the_gradient_of_the_formula(case: str, text: Bench) -> None:
    # a rate at which the model is far from the original after one step, and no limit to the gradient
    method, settings, _, objective = CASES[case]
    model, seen = text.model(), list[tuple[nn.Module, dict[str, Tensor]]]()
    before = [copy.deepcopy(model)]

    def keep(step: int, moved: nn.Module) -> None:
        seen.append((before[-1], {name: p.grad.clone() for name, p in moved.named_parameters() if p.grad is not None}))
        before.append(copy.deepcopy(moved))

    context = replace(text.context(), keep=keep)
    text.call(method, model, context, steps=STEPS, lr=0.02, batch_size=7, clip=None, schedule="constant", **settings)
    forget, retain = (drawn(text, part, 7, STEPS) for part in ("forget", "retain"))
    original = model.double().eval().requires_grad_(False)
    assert len(seen) == STEPS
    for step, (moved, gradients) in enumerate(seen, start=1):
        slow = copy.deepcopy(moved).double().requires_grad_(True)
        objective(step, slow, original, forget, retain).backward()
        expected = {name: p.grad for name, p in slow.named_parameters() if p.grad is not None}
        assert gradients.keys() == expected.keys()
        size = torch.stack([g.norm() for g in expected.values()]).norm()
        error = torch.stack([(gradients[name].double() - g).norm() for name, g in expected.items()]).norm()
        assert size > 1e-3
        assert error <= 1e-4 * size, f"step {step}"


@pytest.mark.parametrize("case", CASES)
def test_no_forward_pass_is_wasted_and_the_reference_is_in_eval_mode(case: str, text: Bench) -> None:
    method, settings, per_step, _ = CASES[case]
    model, modes = text.model(), list[tuple[bool, bool]]()
    # a copy of the model, trained or a reference, has the hook as well
    model.register_forward_pre_hook(lambda part, _: modes.append((part.training, torch.is_grad_enabled())))
    text.call(method, model, steps=STEPS, **settings)
    assert len(modes) == STEPS * per_step
    assert set(modes) <= {(True, True), (False, False)}
    trained = {"ga": 1, "graddiff": 2, "ga_kl": 2, "token_scrub": 1, "token_fine_tune": 1}
    own = trained.get(method, 1 if settings.get("retain") == "none" else 2)
    assert modes.count((True, True)) == STEPS * own


@pytest.mark.parametrize("method", ["graddiff", "ga_kl", "npo", "token_scrub", "token_fine_tune", "ga"])
def test_seventeen_more_positions_of_padding_change_nothing(method: str, text: Bench) -> None:
    class Padded(nn.Module):
        """A model that sees its tokens with more padding, whose logits are cut off as no label is there."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = wide

        def forward(self, tokens: Tensor) -> Tensor:
            return self.inner(nn.functional.pad(tokens, (0, 17)))[:, : tokens.shape[1]]

    longer = replace(text, dataset=replace(text.dataset, length=40))
    wide = longer.model()
    settings = {"steps": STEPS, "lr": 0.01, "batch_size": 7}
    plain, padded = (text.call(method, each, **settings) for each in (wide, Padded()))
    (first,), (second,) = states_of(plain), states_of(padded)
    for name, array in first.items():
        np.testing.assert_allclose(second[f"inner.{name}"], array, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("case", CASES)
def test_forward_passes_of_fewer_sequences_give_the_same_model_at_the_same_cost(case: str, text: Bench) -> None:
    method, settings, per_step, _ = CASES[case]
    rows: list[int] = []

    def kept(size: int | None) -> Any:
        model, worker = text.model(), replace(text.worker(), micro_batch_size=size)
        model.register_forward_pre_hook(lambda _, given: rows.append(len(given[0])))
        recipe = text.recipe(method, steps=2, lr=0.01, batch_size=7, **settings)
        return run_method(text.task, recipe, text.split, model, text.references, (0,), worker)

    whole, sevens = kept(None), list(rows)
    rows.clear()
    parts = kept(3)
    assert len(sevens) == 2 * per_step
    assert max(rows) == 3
    assert sum(rows) == sum(sevens)
    assert parts.passes == pytest.approx(whole.passes, rel=1e-12)
    for name, array in whole.states[2][0].items():
        np.testing.assert_allclose(parts.states[2][0][name], array, atol=2e-4, err_msg=name)


def test_ga_kl_is_graddiff_with_a_divergence_and_weights_of_one(text: Bench) -> None:
    assert same(text.last("ga_kl", lr=0.01), text.last("graddiff", retain="kl", lr=0.01))


@pytest.mark.parametrize(("steps", "warned"), [(10, True), (19, True), (20, False)])
def test_few_steps_are_warned_about(steps: int, warned: bool, text: Bench) -> None:
    # ten passes over forty sequences in batches of 32 are twenty steps
    forget = replace(text, forget=np.arange(40))
    told: list[str] = []
    recipe = forget.recipe("ga", steps=steps, batch_size=32)
    worker = replace(forget.worker(), report=told.append)
    kept = run_method(forget.task, recipe, forget.split, forget.model(), {}, (0,), worker)
    assert told[0].startswith("model 0: effective batch 32 of 40 sequences")
    assert f"2 steps per pass, {steps} steps" in told[0]
    assert [note for note in kept.notes if "can hardly be told apart" in note] == kept.notes * warned


def test_turns_of_scrub(text: Bench) -> None:
    turns = lambda **settings: "".join(  # noqa: E731
        "m" if text.settings("token_scrub", **settings).is_ascent(step) else "." for step in range(1, 13)
    )
    assert turns(steps=12, ascent_steps=3) == ".m.m.m......"
    assert turns(steps=12, ascent_steps=3, descent_steps=3) == "...m...m...m"
    assert turns(steps=12, ascent_steps=0) == "............"


# which forget batch meets which retain batch


def test_pairs_follow_from_seed_and_model_and_are_those_of_every_method(text: Bench) -> None:
    def batches_seen(method: str) -> list[Tensor]:
        seen: list[Tensor] = []
        model = text.model()
        model.register_forward_pre_hook(lambda part, given: seen.append(given[0]) if part.training else None)
        text.call(method, model, steps=6, batch_size=4)
        return seen

    torch.manual_seed(1)
    first = batches_seen("graddiff")
    torch.manual_seed(2)
    for method in ("graddiff", "ga_kl", "npo"):
        assert all(map(torch.equal, first, batches_seen(method)))
    # ten forget sequences are three batches: their order, and so their partners, are others in the second pass
    assert not all(map(torch.equal, first[0:6:2], first[6:12:2]))


# rates and cost


def test_learning_rates_warm_up_and_fall_to_zero(text: Bench) -> None:
    rates = lambda **settings: [rate_of(text.settings("ga", lr=1.0, **settings), step) for step in range(1, 6)]  # noqa: E731
    assert rates(steps=5) == pytest.approx([1, 0.8, 0.6, 0.4, 0.2])
    assert rates(steps=5, warmup_steps=2) == pytest.approx([0.5, 1, 1, 2 / 3, 1 / 3])
    assert rates(steps=5, schedule="constant", warmup_steps=4) == pytest.approx([0.25, 0.5, 0.75, 1, 1])


def test_steps_are_those_of_adamw_on_the_clipped_gradient(text: Bench) -> None:
    settings = {"steps": 3, "lr": 0.01, "weight_decay": 0.2, "clip": 0.05, "batch_size": 7}
    model = text.model()
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim == 1]
    moments = {p: (torch.zeros_like(p), torch.zeros_like(p)) for p in model.parameters()}
    result = text.call("token_fine_tune", model, **settings)
    for step, batch in enumerate(drawn(text, "retain", 7, 3), start=1):
        model.zero_grad()
        nll(model, batch).backward()
        rate = 0.01 * (1 - (step - 1) / 3)
        norm = torch.stack([p.grad.norm() for p in model.parameters() if p.grad is not None]).norm()
        assert norm > 0.05
        with torch.no_grad():
            for p in (*matrices, *vectors):
                assert p.grad is not None
                gradient = p.grad * 0.05 / norm
                first, second = moments[p]
                first.lerp_(gradient, 0.1)
                second.lerp_(gradient**2, 0.001)
                p.mul_(1 - rate * 0.2 if p.ndim > 1 else 1)
                p.sub_(rate * (first / (1 - 0.9**step)) / ((second / (1 - 0.999**step)).sqrt() + 1e-8))
    for name, found in result.named_parameters():
        torch.testing.assert_close(found, model.get_parameter(name), atol=2e-4, rtol=0, msg=name)


@pytest.mark.parametrize("method", ["do_nothing", "load_oracle"])
def test_the_baselines_run_on_text(method: str, text: Bench) -> None:
    wanted = text.model(50) if method == "load_oracle" else text.model()
    assert same(text.last(method), states_of(wanted)[0])
    assert registry.load("method", method).TASKS == ("image", "text")


@pytest.mark.parametrize(
    ("method", "own", "sets"),
    [
        ("ga", {}, [("8 of 10", 2, 6, 2)]),
        ("graddiff", {}, [("8 of 10", 2, 6, 2), ("8 of 230", 29, 6, 2)]),
        # a min step, a max step, then min steps only
        ("token_scrub", {"ascent_steps": 1}, [("8 of 10", 2, 1, 1), ("8 of 230", 29, 5, 1)]),
    ],
)
def test_the_arithmetic_of_every_set_is_in_the_log(
    method: str, own: dict[str, Any], sets: list[tuple[str, int, int, int]], text: Bench
) -> None:
    told: list[str] = []
    worker = replace(text.worker(), report=told.append, micro_batch_size=3)
    recipe = text.recipe(method, **{"steps": 6, "batch_size": 8, "warmup_steps": 2, **own})
    kept = run_method(text.task, recipe, text.split, text.model(), {}, (4,), worker)
    expected = [
        f"model 4: effective batch {batch} sequences (micro-batch 3 x accumulation 3 x processes 1), "
        f"{per_pass} steps per pass, {steps} steps, {warmup} of them warm-up"
        for batch, per_pass, steps, warmup in sets
    ]
    assert [line.rpartition(", ")[0] for line in told[: len(sets)]] == expected
    assert not any("effective batch" in line for line in told[len(sets) :])
    # what settings and sizes come to is no note about what became of the models, except that they are few
    assert kept.notes == ["model 4: takes 6 steps; after fewer than 20, methods can hardly be told apart"]
