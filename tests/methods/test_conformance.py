"""What every registered method promises: inputs and global state untouched, seeds, modes, cost, snapshots, stacks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench import BRIEFLY, RECIPE, ROUNDING, Bench, close, same
from pydantic import ValidationError
from untouched import global_generators, samples_untouched

from unlearnkit import registry
from unlearnkit.artifacts.weights import State
from unlearnkit.config.methods.variants import last_epoch
from unlearnkit.config.rules import refusal
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.facts.search_space import draw
from unlearnkit.models.building import states_of
from unlearnkit.training.shard import StackResults

FORGET, RETAIN, TRAIN_SIZE, VALIDATION_SIZE = 10, 230, 240, 20

MODELS = ("mlp", "small_cnn", "nanogpt", "gpt2")
"""Without and with batch norm for images, without and with vectors among the parameters for text."""

BY_ADAM = {"oracle_matching", "datamodel_matching", "unsir"}
"""Methods whose steps are as long as the rate says, also where a gradient is nothing but rounding."""

COSTS_BY_SIZE = {"sisa"}
"""Methods whose cost depends on how many samples are forgotten, though they see none of them."""

OWN_RANGE_OF_EPOCHS = {"oracle_matching", "datamodel_matching"}
"""Methods whose epochs are passes over a few multiples of the forget set, searched as A2D does."""

SCHEDULE_FREE = {
    "fine_tune": {"schedule": "constant", "lr": 0.01},
    "ascent_forget": {"lr": 0.01},
    "ascent_descent": {"lr": 0.01, "ascent_epochs": 2},
    "scrub": {"ascent_epochs": 2, "milestones": (1, 2)},
    **{name: {"schedule": "constant"} for name in ("ga", "graddiff", "ga_kl", "npo", "token_fine_tune")},
    "token_scrub": {"schedule": "constant", "ascent_steps": 1},
}
"""Settings of the methods whose first epochs do not depend on how many follow."""


@pytest.fixture(params=MODELS)
def bench(request: pytest.FixtureRequest, bench_of: Callable[..., Bench]) -> Bench:
    """A bench of a small model of each kind."""
    return bench_of(request.param, method=request.node.callspec.params.get("method"))


def fields(method: str) -> set[str]:
    return set(registry.load("method", method).Settings.model_fields)


def rates(method: str, value: float) -> dict[str, float]:
    """Return settings with `value` for every learning rate of a method."""
    return {name: value for name in fields(method) if name == "lr" or name.endswith("_lr")}


def says(method: str, constant: str, otherwise: bool) -> bool:
    return getattr(registry.load("method", method), constant, otherwise)


def weights(bench: Bench, state: State) -> State:
    """Return the parameters of a state, without buffers."""
    names = {name for name, _ in bench.model().named_parameters()}
    return {name: array for name, array in state.items() if name in names}


def unlearned_by_call(method: str, bench: Bench) -> State:
    """Call a method and return its state: what it was given is untouched, the result new, trainable, in eval mode."""
    model = bench.model()
    (before,) = states_of(model)
    modes = [part.training for part in model.modules()]
    sets = bench.sets(method)
    with samples_untouched(*sets.by_name.values()):
        result = bench.call(method, model, None, sets)
    assert same(states_of(model)[0], before)
    assert [part.training for part in model.modules()] == modes
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
    assert not {id(tensor) for tensor in model.parameters()} & {id(tensor) for tensor in result.parameters()}
    assert not any(part.training for part in result.modules())
    assert all(parameter.requires_grad for parameter in result.parameters())
    after = bench.whole(method, states_of(result)[0])
    assert all(np.isfinite(array).all() for array in after.values())
    return after


def kept_with_stated_passes(method: str, bench: Bench, **changed: Any) -> StackResults:
    """Run a method by the engine, every epoch a snapshot; what it counts is what the settings state."""
    settings, split = bench.settings(method, **changed), bench.split
    last = last_epoch(method, settings, RECIPE.epochs)
    snapshots = tuple(range(1, last + 1)) if last else (0,)
    kept = bench.kept(method, snapshots, **changed)
    stated = {epoch: settings.passes(len(split.retain), len(split.forget), epoch) for epoch in snapshots}
    assert kept.passes == pytest.approx(stated, rel=1e-12)
    assert kept.all_passes == kept.passes[snapshots[-1]]
    return kept


def moves(method: str, bench: Bench, after: State) -> None:
    """Assert that a kernel or weight matrix has moved, unless the method says that it keeps the original."""
    (before,) = states_of(bench.model())
    if not says(method, "MOVES", True):
        assert same(after, before), "the method moves weights: delete its line MOVES = False"
    else:
        # some methods return several models, or more than the weights of one
        moved = {name for name, array in after.items() if name not in before or not np.array_equal(array, before[name])}
        assert moved & {name for name, array in after.items() if array.ndim > 1}


def every_promise(method: str, bench: Bench) -> None:
    """Assert by two runs what a method promises on one model."""
    with global_generators(1):
        called = unlearned_by_call(method, bench)
    moves(method, bench, called)
    with global_generators(2):
        kept = kept_with_stated_passes(method, bench)
    assert same(bench.whole(method, kept.states[max(kept.states)][0]), called)


STAYS_AT_RATE_ZERO = [name for name in registry.METHODS if rates(name, 0.0) and not says(name, "PERTURBS", False)]


def test_what_is_given_is_untouched_and_the_result_is_a_new_model_in_eval_mode(method: str, bench: Bench) -> None:
    unlearned_by_call(method, bench)


BY_RECIPE = [name for name in registry.METHODS if "recipe" in registry.load("method", name).NEEDS]


@pytest.mark.parametrize("method", BY_RECIPE)
def test_the_view_of_a_recipe_is_not_left_behind(
    method: str, bench_of: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.RECIPE", RECIPE.model_copy(update={"augmentation": "crop_flip", "resolution": 12}))
    unlearned_by_call(method, bench_of("small_cnn"))


def test_weights_move_unless_the_method_does_nothing(method: str, bench: Bench) -> None:
    moves(method, bench, bench.last(method))


def test_a_run_repeats_to_the_bit_and_ignores_the_global_generators(method: str, bench: Bench) -> None:
    results = []
    for seed in (1, 2):
        with global_generators(seed):
            results.append(bench.last(method))
    assert same(*results)


def test_another_base_seed_gives_another_model(method: str, bench_of: Callable[..., Bench]) -> None:
    # batches smaller than the forget set: their order is what a seed decides
    small = {name: 4 for name in fields(method) if name.endswith("batch_size")}
    if "image" not in registry.tasks_of(registry.load("method", method)):
        model = "nanogpt"
    else:
        model = "small_cnn" if refusal(method, "mlp") else "mlp"
    first, second = (bench_of(model, seed, method).last(method, **small) for seed in (0, 1))
    assert same(first, second) != (says(method, "DRAWS", True) and says(method, "MOVES", True))


def test_the_engine_counts_the_passes_that_the_settings_state(method: str, bench: Bench) -> None:
    changes: list[dict[str, Any]] = [{}, {"epochs": 5}, {"epochs": 4, "ascent_epochs": 1}, {"retain": "kl"}]
    changes += [{"steps": 7, "batch_size": 4}, {"steps": 9, "ascent_steps": 3, "descent_steps": 2, "batch_size": 3}]
    for changed in changes:
        if changed.keys() <= fields(method):
            kept_with_stated_passes(method, bench, **changed)


def test_passes_after_the_last_snapshot_are_part_of_all_passes(bench_of: Callable[..., Bench]) -> None:
    kept = bench_of("mlp").kept("early_stopped_retrain", snapshots=(1,))
    assert (kept.passes, kept.all_passes) == ({1: RETAIN}, RECIPE.epochs * RETAIN)


@pytest.mark.parametrize("method", STAYS_AT_RATE_ZERO)
def test_a_learning_rate_of_zero_leaves_the_weights(method: str, bench: Bench) -> None:
    (before,), after = states_of(bench.model()), bench.last(method, **rates(method, 0.0))
    assert same(weights(bench, after), weights(bench, before))


@pytest.mark.parametrize("training_epochs", [1, 5, 50, 182])
def test_a_search_stays_within_what_the_settings_allow(method: str, training_epochs: int) -> None:
    kind = registry.load("method", method).Settings
    spaces = kind.search()
    assert spaces.keys() <= fields(method)
    generator = np.random.default_rng(0)
    quantiles = [np.full(len(spaces), corner) for corner in (0.0, 0.5, 1.0)]
    # corners of the space, where bounds meet, and draws from all of it
    quantiles += [*generator.integers(0, 2, (50, len(spaces))), *generator.random((50, len(spaces)))]
    for own in quantiles:
        settings = kind.model_validate(draw(spaces, dict(zip(spaces, own, strict=True)), training_epochs))
        if {"epochs", "ascent_epochs"} <= fields(method):
            assert settings.ascent_epochs <= settings.epochs
        if "epochs" in spaces and method not in OWN_RANGE_OF_EPOCHS:
            assert settings.epochs + getattr(settings, "warmup_epochs", 0) <= math.ceil(training_epochs / 5)


def test_unknown_and_impossible_settings_are_refused(method: str) -> None:
    settings = registry.load("method", method).Settings
    with pytest.raises(ValidationError, match="learning_rate"):
        settings.model_validate({"learning_rate": 0.1})
    numbers = {"epochs", "steps", "warmup_steps", "lr", "batch_size", "momentum", "weight_decay", "temperature", "clip"}
    for name in numbers & fields(method):
        with pytest.raises(ValidationError, match=name):
            settings.model_validate({name: -1})


@pytest.mark.parametrize("method", SCHEDULE_FREE)
def test_a_snapshot_is_a_shorter_run(method: str, bench: Bench) -> None:
    settings, length = SCHEDULE_FREE[method], "epochs" if "epochs" in fields(method) else "steps"
    kept = bench.kept(method, snapshots=(1, 3), **{length: 3}, **settings)
    shorter = bench.kept(method, **{length: 1}, **settings)
    assert sorted(kept.states) == [1, 3]
    assert same(kept.states[1][0], shorter.states[1][0])
    assert not same(kept.states[1][0], kept.states[3][0])
    assert kept.passes[1] == shorter.passes[1] < kept.passes[3]


def test_the_last_snapshot_is_what_the_method_returns(method: str, bench: Bench) -> None:
    assert same(bench.last(method), bench.whole(method, states_of(bench.call(method, bench.model()))[0]))


def test_validation_samples_are_never_touched(method: str, bench: Bench) -> None:
    altered = bench.with_other_data(np.arange(TRAIN_SIZE, TRAIN_SIZE + VALIDATION_SIZE))
    assert same(bench.last(method), altered.last(method))


def test_the_forget_set_is_read_by_those_that_state_passes_over_it_only(method: str, bench: Bench) -> None:
    settings = bench.settings(method)
    last = last_epoch(method, settings, RECIPE.epochs) or 0
    stated = settings.passes(RETAIN, FORGET + 1, last) > settings.passes(RETAIN, FORGET, last)
    reads = stated and says(method, "MOVES", True)
    altered = bench.with_other_data(bench.forget)
    assert same(bench.last(method), altered.last(method)) == (not reads or method in COSTS_BY_SIZE)


def test_a_stack_is_its_models(method: str, bench: Bench) -> None:
    perceptron = bench.architecture == "mlp"
    # the rounding of a convolution grows with every step, so its steps are small
    gentle = {} if perceptron else rates(method, 1e-4 if method in BY_ADAM else 1e-3)
    relative, absolute = (0.0, ROUNDING) if perceptron else (1e-3, 1e-3)
    single, stacked = (bench.shard(method, stack_size, **gentle) for stack_size in (1, 3))
    assert single.states.keys() == stacked.states.keys()
    assert single.passes == pytest.approx(stacked.passes, rel=1e-12)
    for key, state in single.states.items():
        for name, array in state.items():
            np.testing.assert_allclose(stacked.states[key][name], array, relative, absolute, err_msg=f"{key} {name}")


def test_a_shard_holds_every_model_as_it_is_alone(method: str, bench: Bench) -> None:
    shard = bench.shard(method)
    assert [index for index, _ in sorted(shard.states)] == [0, 1, 2]
    ((_, epoch), *_) = shard.states
    # perceptrons are a stack here, and the others come one at a time
    alike = close if bench.architecture == "mlp" else same
    assert alike(shard.whole_state(0, epoch), bench.last(method))
    assert not same(shard.states[0, epoch], shard.states[1, epoch])


@pytest.mark.parametrize("brief", sorted(BRIEFLY))
def test_the_promises_hold_of_a_method_on_a_shared_loop(brief: str, bench_of: Callable[..., Bench]) -> None:
    every_promise(brief, bench_of("gpt2", method=brief))


@pytest.fixture
def tiny_images(small_digits: ImageSet) -> ImageSet:
    """Eight training and two validation digits, twice as large: ResNet-9 needs 12 pixels."""
    few = small_digits.subset(8, 2)
    return replace(few, images=few.images.repeat(2, axis=2).repeat(2, axis=3))


@pytest.fixture
def large_bench(architecture: str, tiny_images: ImageSet, tmp_path: Path) -> Bench:
    """A bench with a large model and a forget set of two images."""
    return Bench(tiny_images, architecture, np.array([6, 1]), tmp_path)


SMALL_TRANSFORMERS = ("vit_b", "swin_t")
"""Large by their defaults, but of any size by their settings: on these, a method costs little."""

ASKING = {
    "scrub": "a frozen copy beside the one that learns, in train mode and in eval mode",
    "salun": "a gradient of every parameter",
    "unsir": "gradients with respect to the image",
    "ssd": "gradients of single samples, by vmap",
    "fisher": "the same for every class, and the classifier",
    "eu_k": "stages: the last drawn again and trained, those before them frozen in eval mode",
    "kde": "the first layer and the classifier, drawn again",
    "lora_neg_grad_plus": "a low-rank term beside the weight of the classifier",
    "prmq": "all linear layers and convolutions, and half precision",
    "msg": "all convolution kernels",
    "sisa": "several fresh models, and an ensemble of them",
}
"""Method -> what it asks of an architecture. Every kind of thing that methods ask for is here once."""


@pytest.mark.slow
@pytest.mark.parametrize("architecture", SMALL_TRANSFORMERS)
def test_the_promises_hold_on_a_vision_transformer(method: str, large_bench: Bench) -> None:
    every_promise(method, large_bench)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", SMALL_TRANSFORMERS)
@pytest.mark.parametrize("method", STAYS_AT_RATE_ZERO)
def test_a_learning_rate_of_zero_leaves_a_vision_transformer(method: str, large_bench: Bench) -> None:
    test_a_learning_rate_of_zero_leaves_the_weights(method, large_bench)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["resnet9", "resnet18", "tiny_vit"])
@pytest.mark.parametrize("method", ASKING)
def test_an_architecture_has_what_methods_ask_for(method: str, large_bench: Bench) -> None:
    """Every method runs on a perceptron, a convolutional network and two transformers, and is written for any model.

    So the other architectures, which cost seconds, are tried with one method for each kind of thing that is asked for.
    `resnet18_cifar` differs from `resnet18` in its stem alone. What an adapter promises, tests/models tries on every
    architecture.
    """
    called = unlearned_by_call(method, large_bench)
    moves(method, large_bench, called)
