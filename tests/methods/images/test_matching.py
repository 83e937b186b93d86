"""Oracle matching and the student that it shares with datamodel matching: what is drawn, mixed, matched and counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from bench import Bench, same
from torch import Tensor, nn

from unlearnkit import registry
from unlearnkit.config.methods.matching import MatchingSettings
from unlearnkit.errors import TrainingError
from unlearnkit.methods.images.matching_student import match, matching_loss
from unlearnkit.models.building import states_of
from unlearnkit.training.unlearning import ROLE, Context


def context_of(bench: Bench, index: int, pool: Callable[[Sequence[int]], nn.Module] | None = None) -> Context:
    """Return the context of original `index`, with a pool of held-out oracles if one is given."""
    references = {**bench.references, **({"oracle_pool": pool} if pool else {})}
    return replace(bench.context(), generators=bench.task.generators(ROLE, [index], "method"), references=references)


def batches_of(bench: Bench, index: int = 0, **settings: Any) -> list[tuple[set[int], int]]:
    """Return the rows and the number of forget samples of every batch that the teachers of original `index` see."""
    seen: list[tuple[set[int], int]] = []
    forget = set(bench.forget.tolist())

    def teachers(images: Tensor, rows: Tensor) -> Tensor:
        seen.append((set(rows.tolist()), sum(row in forget for row in rows.tolist())))
        return torch.zeros(1, len(images), 10)

    retain = bench.samples("retain").with_targets(torch.arange(len(bench.dataset.labels)))
    chosen = MatchingSettings.model_validate({"epochs": 2, "batch_size": 10, "lr": 0.0, **settings})
    match(bench.model(), teachers, retain, bench.samples("forget"), chosen, context_of(bench, index))
    return seen


def drawn_teachers(bench: Bench, index: int = 0, **settings: Any) -> list[int]:
    """Return the held-out oracles that original `index` draws."""
    asked: list[int] = []

    def pool(indices: Sequence[int]) -> nn.Module:
        asked.extend(indices)
        return bench.model(indices[0])

    bench.call("oracle_matching", bench.model(), context_of(bench, index, pool), epochs=1, lr=0.0, **settings)
    return asked


def test_every_model_draws_its_own_retain_subset_and_keeps_it(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    subsets = []
    for index in (0, 1):
        rows = [batch[0] - set(bench.forget.tolist()) for batch in batches_of(bench, index)]
        epochs = [set().union(*rows[:4]), set().union(*rows[4:])]
        assert epochs[0] == epochs[1]
        assert len(epochs[0]) == 30
        subsets.append(epochs[0])
    assert subsets[0] != subsets[1]


def test_forget_and_retain_samples_share_every_batch(bench_of: Callable[..., Bench]) -> None:
    # the reference passed all forget samples first: with a batch of |F| the first would hold nothing else
    batches = batches_of(bench_of("mlp"))
    assert [forget for _, forget in batches[:4]] != [10, 0, 0, 0]
    assert max(forget for _, forget in batches) < 10
    assert sum(forget for _, forget in batches) == 20


def test_a_fraction_of_the_forget_set_is_passed_again(bench_of: Callable[..., Bench]) -> None:
    batches = batches_of(bench_of("mlp"), forget_repeats=1.5, retain_ratio=0.29)
    assert sum(forget for _, forget in batches) == 2 * 15
    assert len(set().union(*(rows for rows, _ in batches))) == 10 + 2


def test_a_retain_subset_larger_than_the_retain_set_is_refused(bench_of: Callable[..., Bench]) -> None:
    with pytest.raises(TrainingError, match="asks for 250 retain samples, of which there are 230"):
        batches_of(bench_of("mlp"), retain_ratio=25.0)


def test_a_forget_set_that_is_not_passed_is_refused(bench_of: Callable[..., Bench]) -> None:
    with pytest.raises(TrainingError, match=r"forget_repeats is 0\.01, which passes none of 10 forget samples.*0\.1"):
        batches_of(bench_of("mlp"), forget_repeats=0.01)


def test_teachers_are_drawn_for_every_model_from_the_pool(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    first, second = (drawn_teachers(bench, index, oracles=5, pool=50, pool_start=7) for index in (0, 1))
    assert len(set(first)) == len(set(second)) == 5
    assert first != second
    assert set(first + second) <= set(range(7, 57))
    assert drawn_teachers(bench, oracles=5, pool=50, pool_start=7) == first
    assert drawn_teachers(bench, oracles=3, pool=50, pool_start=7) == first[:3]
    assert sorted(drawn_teachers(bench, oracles=4, pool=4)) == [0, 1, 2, 3]


def test_the_engine_reads_teachers_from_the_held_out_files_only(bench_of: Callable[..., Bench]) -> None:
    # a student that is drawn to one oracle ends nearer to it than to any other model
    bench = bench_of("mlp")
    settings: dict[str, Any] = {"epochs": 200, "lr": 0.01, "oracles": 1, "pool": 3, "retain_ratio": 10.0}
    shard = bench.shard("oracle_matching", **settings)
    images = bench.task.pixels.normalised(bench.split.retain)
    oracles = [bench.model(50 + k).eval()(images).detach() for k in range(3)]
    for index in range(3):
        student = bench.task.architecture.load(shard.states[index, 200]).eval()(images).detach()
        (drawn,) = drawn_teachers(bench, index, oracles=1, pool=3)
        distances = [float((student - logits).square().mean()) for logits in oracles]
        assert np.argmin(distances) == drawn
        assert distances[drawn] < 0.3 * float(
            (bench.model(index).eval()(images).detach() - oracles[drawn]).square().mean()
        )


@pytest.mark.parametrize("loss", ["mse", "centred_mse"])
def test_a_teacher_that_is_the_original_leaves_it_as_it_is(bench_of: Callable[..., Bench], loss: str) -> None:
    # without batch norm train and eval mode agree, so the gradient is zero to the bit and Adam does not move
    bench = bench_of("mlp")
    result = bench.call(
        "oracle_matching", bench.model(), context_of(bench, 0, lambda _: bench.model()), oracles=1, lr=0.1, loss=loss
    )
    assert same(states_of(result)[0], states_of(bench.model())[0])


@pytest.mark.parametrize("loss", ["mse", "centred_mse", "cross_entropy"])
def test_a_matched_student_has_no_gradient(bench: Bench, loss: str) -> None:
    logits = bench.model().eval()(bench.task.pixels.normalised(torch.arange(20))).detach().requires_grad_()
    matching_loss(logits, logits.detach()[None], loss).backward()
    assert logits.grad is not None
    assert float(logits.grad.abs().max()) < 1e-8


def test_losses_are_those_of_the_definition() -> None:
    generator = torch.Generator().manual_seed(0)
    student = torch.randn(4, 3, generator=generator)
    teachers = torch.randn(2, 4, 3, generator=generator)
    mean = (teachers[0] + teachers[1]) / 2
    assert float(matching_loss(student, teachers, "mse")) == pytest.approx(float(nn.functional.mse_loss(student, mean)))
    probabilities = (teachers[0].softmax(-1) + teachers[1].softmax(-1)) / 2
    expected = float(nn.functional.cross_entropy(student, probabilities))
    assert float(matching_loss(student, teachers, "cross_entropy")) == pytest.approx(expected)
    # an offset of a sample's logits carries no meaning
    shifted = teachers + torch.randn(2, 4, 1, generator=generator)
    centred = float(matching_loss(student, teachers, "centred_mse"))
    assert float(matching_loss(student, shifted, "centred_mse")) == pytest.approx(centred, rel=1e-5)
    assert float(matching_loss(student, shifted, "mse")) != pytest.approx(
        float(matching_loss(student, teachers, "mse"))
    )
    stacked = matching_loss(torch.stack([student, student]), torch.stack([teachers, teachers], 1), "mse")
    assert float(stacked) == pytest.approx(2 * float(matching_loss(student, teachers, "mse")))


def test_the_anchor_holds_the_student_at_the_original(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    (original,) = states_of(bench.model())

    def moved(proximity: float) -> float:
        after = bench.last("oracle_matching", epochs=40, lr=0.01, proximity=proximity)
        return sum(float(np.square(after[name] - original[name]).sum()) for name in original)

    assert moved(10.0) < 0.2 * moved(0.0)


def test_the_rate_falls_after_every_epoch(bench_of: Callable[..., Bench]) -> None:
    # a rate that is all but gone after the first epoch leaves what that epoch made
    bench = bench_of("mlp")
    kept = bench.kept("oracle_matching", (1, 2, 3), epochs=3, lr=0.01, decay=1e-30)
    assert same(kept.states[1][0], kept.states[3][0])
    kept = bench.kept("oracle_matching", (1, 3), epochs=3, lr=0.01)
    assert not same(kept.states[1][0], kept.states[3][0])


def test_the_student_is_in_train_mode(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("small_cnn")
    (before,), after = states_of(bench.model()), bench.last("oracle_matching", lr=0.0)
    statistics = [name for name in before if name.endswith("running_mean")]
    assert statistics
    assert not any(np.array_equal(after[name], before[name]) for name in statistics)


@pytest.mark.parametrize("name", ["retain_data_amount", "retain_learning_rate"])
def test_keys_that_the_reference_swallows_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        registry.load("method", "oracle_matching").Settings.model_validate({name: 20})
