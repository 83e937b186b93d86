"""SISA: who is retrained, that a deletion leaves the rest alone, what it costs, and what its members say together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from bench import RECIPE, Bench, same
from torch import Tensor

from unlearnkit import registry
from unlearnkit.artifacts.weights import State
from unlearnkit.data.images.batches import Samples
from unlearnkit.errors import ArtifactError, TrainingError
from unlearnkit.metrics.margins import margins_from_logits
from unlearnkit.training.evaluation import margins_of_models
from unlearnkit.training.images.loop import fit
from unlearnkit.training.images.predict import logits_on_all
from unlearnkit.training.unlearning import ROLE

SISA = registry.load("method", "sisa")
SHAPE: dict[str, Any] = {"shards": 4, "slices": 3, "slice_epochs": 2}


def members_of(state: State) -> list[State]:
    """Return the states of the members of an ensemble."""
    numbers = sorted({int(name.partition(".")[0]) for name in state})
    return [
        {name.partition(".")[2]: array for name, array in state.items() if name.startswith(f"{number}.")}
        for number in numbers
    ]


def divided(bench: Bench, **settings: Any) -> list[list[list[int]]]:
    """Return the rows of every slice of every shard of original 0."""
    (generator,) = bench.task.generators(ROLE, [0], "method")
    chosen = SISA.Settings.model_validate(SHAPE | settings)
    return [[rows.tolist() for rows in shard] for shard in SISA.division(torch.arange(240), chosen, generator)]


def forgetting(bench: Bench, rows: list[int]) -> list[State]:
    """Return the members after these training samples are forgotten."""
    return members_of(replace(bench, forget=np.array(rows)).last("sisa", **SHAPE))


def test_shards_and_slices_are_a_random_partition(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    shards = divided(bench, shards=7, slices=5)
    assert sorted(row for shard in shards for rows in shard for row in rows) == list(range(240))
    assert {sum(map(len, shard)) for shard in shards} == {34, 35}
    assert {len(rows) for shard in shards for rows in shard} == {6, 7}
    assert shards == divided(bench, shards=7, slices=5)
    (other,) = bench.task.generators(ROLE, [1], "method")
    assert SISA.division(torch.arange(240), SISA.Settings(shards=7), other)[0][0].tolist() != shards[0][0]


def test_a_deletion_changes_the_members_that_saw_the_sample_and_no_other(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    shards = divided(bench)
    first, second = forgetting(bench, shards[0][0][:3]), forgetting(bench, [*shards[0][0][:3], shards[2][1][0]])
    assert [same(*pair) for pair in zip(first, second, strict=True)] == [True, True, False, True]


def test_a_member_is_what_training_slice_by_slice_on_the_retained_samples_gives(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    shards = divided(bench)
    forgotten = shards[1][2][:4]
    (generator,) = bench.task.generators(ROLE, [0], "method")
    SISA.division(torch.arange(240), SISA.Settings.model_validate(SHAPE), generator)
    seeds = torch.randint(2**62, (4, 3), generator=generator).tolist()[1]
    model = bench.context().fresh(1)
    seen: list[int] = []
    recipe = RECIPE.model_copy(update={"epochs": 2, "warmup_epochs": 2 / 3})
    for rows, seed in zip(shards[1], seeds, strict=True):
        seen += [row for row in rows if row not in forgotten]
        samples = Samples(bench.task.pixels, torch.tensor(seen), [torch.Generator().manual_seed(seed)])
        fit(model, samples, recipe, end_epoch=lambda *_: None)
    expected = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    assert len(seen) == 56
    assert same(forgetting(bench, forgotten)[1], expected)


def test_members_begin_from_weights_of_their_own(bench_of: Callable[..., Bench]) -> None:
    context = bench_of("mlp").context()
    first, second, again = (next(context.fresh(member).parameters()) for member in (0, 1, 1))
    assert not torch.equal(first, second)
    assert torch.equal(second, again)


@pytest.mark.parametrize("forget", [1, 7, 40])
def test_the_stated_cost_is_the_mean_over_divisions(forget: int) -> None:
    settings = SISA.Settings.model_validate(SHAPE)
    retained = torch.arange(forget, 60)
    costs = []
    for seed in range(3000):
        shards = SISA.division(torch.arange(60), settings, torch.Generator().manual_seed(seed))
        costs.append(0)
        for slices in shards:
            for number in range(1, len(slices) + 1):
                rows = torch.cat(list(slices[:number]))
                kept = int(torch.isin(rows, retained).sum())
                costs[-1] += settings.slice_epochs * kept * (kept < len(rows))
    error = np.std(costs) / np.sqrt(len(costs))
    assert settings.passes(60 - forget, forget, 0) == pytest.approx(np.mean(costs), abs=4 * error + 1e-9)


def test_extremes_of_the_cost() -> None:
    settings = SISA.Settings.model_validate(SHAPE)
    assert settings.passes(240, 0, 0) == 0
    # one shard of one slice is retraining; so is a forget set that reaches every slice, nearly
    assert SISA.Settings(shards=1, slices=1, slice_epochs=3).passes(230, 10, 0) == 3 * 230
    assert settings.passes(120, 120, 0) == pytest.approx(2 * 120 * (1 + 2 + 3) / 3, rel=1e-3)
    # the paper's epochs for a slice cost as much as training the whole shard
    assert SISA.Settings(shards=5, slices=3, slice_epochs=6).passes(15000, 15000, 0) == pytest.approx(12 * 15000)


def test_members_are_aggregated_by_mean_probability(bench: Bench) -> None:
    shard = bench.shard("sisa", **SHAPE)

    def probabilities(state: State) -> Tensor:
        model = bench.task.architecture.load(state).eval()
        return torch.from_numpy(logits_on_all(model, bench.task.pixels, 1)[0]).double().softmax(-1)

    margins = margins_of_models(
        lambda index, epoch: shard.states[index, epoch],
        [0, 1, 2],
        [0],
        bench.dataset,
        bench.task,
        bench.worker(),
        SISA.assemble,
    )[0]
    for index in range(3):
        mean = torch.stack([probabilities(member) for member in members_of(shard.states[index, 0])]).mean(0)
        expected = margins_from_logits(mean.log().numpy(), bench.dataset.labels)
        np.testing.assert_allclose(margins.margins[index], expected, atol=1e-4)


def test_an_ensemble_is_not_taken_for_a_model(bench: Bench) -> None:
    with pytest.raises(ArtifactError, match="do not fit model"):
        bench.task.architecture.load(bench.last("sisa"))


def test_a_last_batch_of_one_sample_is_left_out(bench_of: Callable[..., Bench]) -> None:
    # 65 samples in batches of 64: where features have one pixel, batch norm takes no variance of the last one
    bench = bench_of("mlp")
    shape = {"shards": 2, "slices": 1, "slice_epochs": 1}
    (rows,) = divided(bench, **shape)[0]
    state = replace(bench, forget=np.array(rows[:55])).last("sisa", **shape)
    (generator,) = bench.task.generators(ROLE, [0], "method")
    SISA.division(torch.arange(240), SISA.Settings.model_validate(shape), generator)
    seed = int(torch.randint(2**62, (2, 1), generator=generator)[0])
    samples = Samples(bench.task.pixels, torch.tensor(rows[55:]), [torch.Generator().manual_seed(seed)])
    recipe = RECIPE.model_copy(update={"epochs": 1, "warmup_epochs": 1 / 3, "drop_last": True})
    expected = fit(bench.context().fresh(), samples, recipe, end_epoch=lambda *_: None).state_dict()
    assert samples.passes == 64
    assert same(members_of(state)[0], {name: tensor.numpy() for name, tensor in expected.items()})


def test_a_stage_below_a_batch_is_trained_where_short_batches_are_left_out(
    bench_of: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    # stages of 20, 40 and 60 samples, batches of 64
    bench = bench_of("mlp")
    kept = bench.last("sisa", **SHAPE)
    monkeypatch.setattr("bench.RECIPE", RECIPE.model_copy(update={"drop_last": True}))
    assert same(kept, bench.last("sisa", **SHAPE))


def test_slices_without_retained_samples_are_passed_over(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("small_cnn")
    shards = divided(bench)
    assert all(np.isfinite(array).all() for array in forgetting(bench, shards[0][0])[0].values())
    with pytest.raises(TrainingError, match=r"a shard retains too few samples \(1\).*Lower the setting `shards`"):
        forgetting(bench, [row for rows in shards[3] for row in rows][1:])


def test_forgotten_samples_are_never_seen(bench: Bench) -> None:
    altered = bench.with_other_data(bench.forget)
    assert same(bench.last("sisa", **SHAPE), altered.last("sisa", **SHAPE))


def test_the_original_plays_no_part(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    results = [bench.call("sisa", bench.model(seed)).state_dict() for seed in (0, 1)]
    assert all(torch.equal(tensor, results[1][name]) for name, tensor in results[0].items())


def test_no_seconds_are_stated_for_passes_that_were_not_made(bench_of: Callable[..., Bench]) -> None:
    """The passes are those of an expected deletion; the seconds would be those of training everything."""
    cost = bench_of("mlp").shard("sisa", **SHAPE).cost()
    assert cost["passes"][0] > 0 and cost["seconds"] == {0: None}
    assert bench_of("mlp").shard("do_nothing").cost()["seconds"][0] >= 0
