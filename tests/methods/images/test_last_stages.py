"""CF-k and EU-k: the stages before the last k stay to the bit, and EU-k keeps nothing of the original's last ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from bench import HELD_OUT, RECIPE, Bench, same
from torch import nn

from unlearnkit.artifacts.weights import State
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.errors import TrainingError
from unlearnkit.methods.images import cf_k
from unlearnkit.methods.images.last_stages import last_stages
from unlearnkit.models.building import states_of
from unlearnkit.models.parts import buffers_of, parameters_of
from unlearnkit.training.unlearning import run_method

METHODS = ["cf_k", "eu_k"]


def inside(state: State, parts: list[str]) -> State:
    return {name: array for name, array in state.items() if name.startswith(tuple(f"{part}." for part in parts))}


def tiny_bench(image_set: ImageSet, architecture: str, folder: Path) -> Bench:
    few = image_set.subset(8, 2)
    larger = replace(few, images=few.images.repeat(2, axis=2).repeat(2, axis=3))
    return Bench(larger, architecture, np.array([6, 1]), folder)


def spoiled(bench: Bench, parts: list[str]) -> nn.Module:
    """Return original 0 with other weights, statistics and attention biases in `parts`, which stay valid ones."""
    model = bench.model()
    with torch.no_grad():
        for tensor in {**parameters_of(model, parts), **buffers_of(model, parts)}.values():
            tensor.add_(1)
    return model


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("stack_size", [1, 3])
def test_stages_before_the_last_k_stay_to_the_bit(method: str, stack_size: int, bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("small_cnn")
    last, kept = last_stages(bench.task.architecture.adapter, 1)
    for (index, _), state in bench.shard(method, stack_size, k=1).states.items():
        (original,) = states_of(bench.model(index))
        assert inside(state, kept).keys() | inside(state, last).keys() == state.keys()
        assert same(inside(state, kept), inside(original, kept))
        assert not any(np.array_equal(state[name], original[name]) for name in parameters_of(bench.model(), last))


@pytest.mark.parametrize("method", METHODS)
def test_more_stages_than_there_are_is_an_error(method: str, bench: Bench) -> None:
    stages = len(bench.task.architecture.adapter.stages) - 1
    bench.call(method, bench.model(), k=stages)
    with pytest.raises(TrainingError, match=rf"k is {stages + 1}, but the model has {stages} stages .* from 1 to"):
        bench.call(method, bench.model(), k=stages + 1)


@pytest.mark.parametrize("architecture", ["small_cnn", "tiny_vit"])
def test_nothing_is_left_of_the_originals_last_stages(
    architecture: str, small_digits: ImageSet, tmp_path: Path
) -> None:
    # published: statistics of batch norm and attention biases survive, so does what they know of the forget set
    bench = tiny_bench(small_digits, architecture, tmp_path)
    last, _ = last_stages(bench.task.architecture.adapter, 1)
    first, second = (bench.call("eu_k", model, epochs=1) for model in (bench.model(), spoiled(bench, last)))
    assert same(*(states_of(model)[0] for model in (first, second)))


def test_the_fresh_stages_are_trained_in_train_mode(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("small_cnn")
    last, _ = last_stages(bench.task.architecture.adapter, 1)
    model = bench.call("eu_k", bench.model(), epochs=2)
    steps = 2 * -(-230 // RECIPE.batch_size)
    counts = {name: int(count) for name, count in buffers_of(model).items() if name.endswith("num_batches_tracked")}
    assert counts and all(count == steps * name.startswith(tuple(last)) for name, count in counts.items())


def test_fresh_in_all_stages_it_is_retraining(bench: Bench) -> None:
    stages = len(bench.task.architecture.adapter.stages) - 1
    retrained, unlearned = (
        bench.last(method, **settings)
        for method, settings in (("early_stopped_retrain", {}), ("eu_k", {"k": stages, "epochs": RECIPE.epochs}))
    )
    assert set(unlearned) == set(retrained)
    if stages == 1:
        # the perceptron has no further stage that would stay
        assert same(unlearned, retrained)
    for name, array in unlearned.items():
        np.testing.assert_allclose(array, retrained[name], rtol=1e-4, atol=1e-5)


def test_a_truncated_schedule_is_the_beginning_of_training(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    whole = bench.kept("eu_k", snapshots=(1, 2, 3), epochs=3)
    shorter, compressed = (bench.kept("eu_k", epochs=2, schedule=kind) for kind in ("truncated", "compressed"))
    assert same(whole.states[2][0], shorter.states[2][0])
    assert not same(whole.states[2][0], compressed.states[2][0])


def test_the_recipe_decides_optimiser_and_decay(bench_of: Callable[..., Bench]) -> None:
    bench, results = bench_of("small_cnn"), []
    for changes in (
        {},
        {"optimizer": "adam"},
        {"weight_decay": 0.5},
        {"weight_decay": 0.5, "decayed": "not_normalisation"},
    ):
        recipe = replace(bench.recipe("eu_k"), training=RECIPE.model_copy(update=changes))
        references = {"held_out_oracles": bench.model(HELD_OUT)}
        kept = run_method(bench.task, recipe, bench.split, bench.model(), references, (0,), bench.worker())
        results.append(kept.states[2][0])
    assert not any(same(first, second) for k, first in enumerate(results) for second in results[k + 1 :])


def test_a_recipe_that_leaves_out_all_batches_is_refused(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    context = bench.context()
    context.training = RECIPE.model_copy(update={"drop_last": True, "batch_size": 256})
    with pytest.raises(TrainingError, match="drop_last leaves out the only batch: 230 samples"):
        bench.call("eu_k", bench.model(), context)


def test_the_rate_of_cf_k_falls_after_its_milestones(bench_of: Callable[..., Bench]) -> None:
    assert cf_k.milestones(10) == (5, 8, 9)
    kept = bench_of("mlp").kept("cf_k", snapshots=(5, 6, 7, 10), epochs=10, decay=0.0)
    assert not same(kept.states[5][0], kept.states[6][0])
    assert same(kept.states[6][0], kept.states[7][0])
    assert same(kept.states[6][0], kept.states[10][0])


def test_momentum_acts(bench_of: Callable[..., Bench]) -> None:
    # published: searched, and given to no optimiser
    bench = bench_of("mlp")
    assert not same(*(bench.last("cf_k", momentum=momentum) for momentum in (0.0, 0.9)))


def test_statistics_stay_in_eval_mode(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("small_cnn")
    model = bench.call("cf_k", bench.model())
    for name, buffer in bench.model().named_buffers():
        assert torch.equal(dict(model.named_buffers())[name], buffer)


def test_the_proximity_term_is_half_lambda_times_the_squared_distance(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    start = torch.cat([weight.flatten() for weight in bench.model().parameters()])

    def moved(proximity: float, epochs: int) -> torch.Tensor:
        settings = {"proximity": proximity, "batch_size": 230, "lr": 0.1, "decay": 1.0}
        model = bench.call("cf_k", bench.model(), epochs=epochs, **settings)
        return torch.cat([weight.detach().flatten() for weight in model.parameters()]) - start

    # the term has no gradient at w_0; one step later it is lambda (w_1 - w_0)
    first = moved(5.0, 1)
    torch.testing.assert_close(first, moved(0.0, 1))
    torch.testing.assert_close(moved(0.0, 2) - moved(5.0, 2), 0.1 * 5.0 * first, rtol=1e-3, atol=1e-6)
