"""The engine around a method: what it is given, what it may ask for, what it must tell."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch
from bench import CPU, RECIPE, Bench, same

from unlearnkit import registry
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.membership import random_membership
from unlearnkit.errors import ArtifactError, TrainingError
from unlearnkit.models.building import states_of
from unlearnkit.models.parts import sharing
from unlearnkit.training.sets import UnlearningSplit
from unlearnkit.training.unlearning import Context
from unlearnkit.training.unlearning_recipe import UnlearningRecipe

PLUG_IN = """
import copy
from unlearnkit.config.settings import Settings as BaseSettings

STACKABLE = False
NEEDS = ()
SEEN = []


class Settings(BaseSettings):
    epochs: int = 1


def unlearn(model, data, settings, context):
    own = [[label for _, labels in part.epoch(7) for label in labels.tolist()] for part in (data.retain, data.forget)]
    SEEN.append((data.retain.indices.tolist(), data.forget.indices.tolist(), *own, model.training))
    ENDING
    return copy.deepcopy(model).eval()
"""


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A function that registers method "watching", which ends with the given statement."""

    def register(ending: str) -> None:
        (tmp_path / "watching_method.py").write_text(PLUG_IN.replace("ENDING", ending))
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "watching_method", raising=False)
        methods = MappingProxyType({**registry.METHODS, "watching": "watching_method"})
        monkeypatch.setattr(registry, "REGISTRIES", MappingProxyType({**registry.REGISTRIES, "method": methods}))

    return register


def test_a_method_gets_the_whole_forget_set_and_all_the_rest(
    plug_in: Callable[[str], None], small_digits: ImageSet, tmp_path: Path
) -> None:
    # far more samples than models: the published driver cut index arrays to the number of models
    plug_in("context.end_epoch(2, model)")
    forget = np.random.default_rng(0).permutation(240)[:150]
    bench = Bench(small_digits, "mlp", forget, tmp_path)
    result = bench.shard("watching")
    seen = registry.load("method", "watching").SEEN
    assert len(seen) == 3
    for retain_indices, forget_indices, retain_labels, forget_labels, training in seen:
        assert forget_indices == forget.tolist()
        assert not set(retain_indices) & set(forget_indices)
        assert sorted(retain_indices + forget_indices) == list(range(240))
        assert sorted(forget_labels) == sorted(small_digits.labels[forget].tolist())
        assert sorted(retain_labels) == sorted(small_digits.labels[retain_indices].tolist())
        assert not training
    assert len({tuple(labels) for *_, labels, _ in seen}) == 3
    assert result.passes == {2: 240}


def test_division_is_a_partition(small_digits: ImageSet) -> None:
    few = small_digits.subset(6, 3)
    split = UnlearningSplit.of(few, np.array([4, 0], dtype=np.int32))
    assert split.retain.tolist() == [1, 2, 3, 5]
    assert split.forget.tolist() == [4, 0]
    assert split.forget.dtype == torch.int64
    assert split.views["validation"].tolist() == [6, 7, 8]


def test_models_of_a_pool_keep_and_forget_samples_of_their_own(small_digits: ImageSet) -> None:
    membership = random_membership(0, "pool/halves", range(3), 240, 0.5, 12)
    for model, own in enumerate(UnlearningSplit.by_model(small_digits, membership)):
        assert (len(own.retain), len(own.forget)) == (108, 12)
        assert membership.forgotten[model, own.forget].all()
        assert (membership.member & ~membership.forgotten)[model, own.retain].all()
        assert own.views["validation"].tolist() == list(range(240, 260))


@pytest.mark.parametrize("method", ["scrub", "sisa", "cfw"])
def test_a_model_of_a_pool_is_unlearned_as_it_would_be_alone(method: str, bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("small_cnn" if method == "cfw" else "mlp")
    forgotten = [np.arange(3 * model, 3 * model + model + 2) for model in range(3)]
    shard = bench.shard_of([UnlearningSplit.of(bench.dataset, own) for own in forgotten], method)
    assert shard.stack_size == 1
    ((_, epoch), *_) = shard.states
    for model, own in enumerate(forgotten):
        alone = replace(bench, forget=own).shard(method, stack_size=1)
        assert same(shard.states[model, epoch], alone.states[model, epoch])


def test_methods_never_see_a_test_split(small_digits: ImageSet) -> None:
    tested = replace(small_digits, validation_size=15, test_size=5)
    assert UnlearningSplit.of(tested, np.array([4])).views["validation"].tolist() == list(range(240, 255))


def test_a_snapshot_that_is_never_reached_is_told(
    plug_in: Callable[[str], None], bench_of: Callable[..., Bench]
) -> None:
    plug_in("pass")
    with pytest.raises(TrainingError, match="method 'watching' never reached epoch 2 of its snapshots"):
        bench_of("mlp").shard("watching")


DOUBLED = """model = copy.deepcopy(model)
    for epoch in (1, 2):
        context.end_epoch(epoch, model)
    for parameter in model.parameters():
        parameter.data.mul_(2)
    context.count(4 * 230)"""
"""A method that still changes the weights after its last epoch, by four further passes."""


def test_what_a_method_returns_is_its_last_snapshot(
    plug_in: Callable[[str], None], bench_of: Callable[..., Bench]
) -> None:
    plug_in(DOUBLED)
    bench = bench_of("mlp")
    (original,) = states_of(bench.model())
    doubled = {name: 2 * array for name, array in original.items()}
    kept = bench.kept("watching", snapshots=(1, 2))
    assert same(kept.states[1][0], original) and same(kept.states[2][0], doubled)
    assert kept.passes[2] == kept.all_passes == kept.passes[1] + 4 * 230
    # no snapshot is declared for the end
    assert same(bench.kept("watching", snapshots=(1,)).states[1][0], original)


READS = """list(data.validation.epoch(4))
    context.end_epoch(2, model)"""


def test_a_set_that_is_not_declared_is_refused(plug_in: Callable[[str], None], bench_of: Callable[..., Bench]) -> None:
    plug_in(READS)
    with pytest.raises(
        TrainingError, match=r"reads data\.validation, .*one of retain, forget. Add 'validation' to its VIEWS"
    ):
        bench_of("mlp").kept("watching", snapshots=(2,))


def test_the_passes_over_every_declared_set_are_counted(
    plug_in: Callable[[str], None], bench_of: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(READS)
    monkeypatch.setattr(registry.load("method", "watching"), "VIEWS", ("validation",), raising=False)
    assert bench_of("mlp").kept("watching", snapshots=(2,)).passes == {2: 240 + 20}


def test_a_set_without_rows_is_refused(
    plug_in: Callable[[str], None], bench_of: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(READS)
    monkeypatch.setattr(registry.load("method", "watching"), "VIEWS", ("refusals",), raising=False)
    with pytest.raises(TrainingError, match=r"reads data\.refusals, and the data set has no rows.*one of validation"):
        bench_of("mlp").kept("watching", snapshots=(2,))


def test_the_recipe_must_be_declared(bench_of: Callable[..., Bench]) -> None:
    context = replace(bench_of("mlp").context(), training=None)
    with pytest.raises(TrainingError, match="Add 'recipe' to its NEEDS"):
        _ = context.recipe


def test_a_missing_original_is_named(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    with pytest.raises(ArtifactError, match=r"0\.safetensors has no model 3 at epoch 4"):
        bench.weight_file(0).state(3)


def test_a_recipe_is_read_from_its_slice() -> None:
    own = {"method": "scrub", "settings": {"epochs": 5, "milestones": [2]}, "snapshots": [3, 5]}
    procedure = UnlearningRecipe.from_slice(own)
    assert (procedure.method, procedure.settings.epochs, procedure.settings.milestones) == ("scrub", 5, (2,))
    assert (procedure.snapshots, procedure.training) == ((3, 5), None)
    assert UnlearningRecipe.from_slice({**own, "training": RECIPE.model_dump(mode="json")}).training == RECIPE


@pytest.mark.parametrize("models", [1, 3])
@pytest.mark.parametrize("frozen", [Context.reference, lambda context: context.teacher(context.original)])
def test_calls_of_a_frozen_model_are_counted_per_model(
    bench_of: Callable[..., Bench], models: int, frozen: Callable[[Context], Callable[[torch.Tensor], torch.Tensor]]
) -> None:
    bench = bench_of("small_cnn")
    model = bench.task.architecture.gather([bench.model(seed) for seed in range(models)], CPU).train()
    context = replace(
        bench.context(), original=model, generators=bench.task.generators("unlearned", range(models), "method")
    )
    images = bench.task.pixels.normalised(torch.arange(5))
    batch = images.expand(models, *images.shape) if models > 1 else images
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    logits = frozen(context)(batch)
    assert not logits.requires_grad and model.training
    assert context.other_passes == pytest.approx(5 / 3)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert torch.equal(logits, model.eval()(batch))


@pytest.mark.parametrize("models", [1, 3])
def test_the_reference_is_no_second_copy_of_the_weights(bench_of: Callable[..., Bench], models: int) -> None:
    bench = bench_of("small_cnn")
    model = bench.task.architecture.gather([bench.model(seed) for seed in range(models)], CPU)
    again = sharing(model).eval()
    assert model.training and not again.training
    pairs = zip(model.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(own.data_ptr() == other.data_ptr() for own, other in pairs)


def test_fresh_models_are_drawn_for_the_purpose(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    shard = bench.shard("early_stopped_retrain")
    states = list(shard.states.values())
    assert not any(same(state, other) for state in states for other in states if state is not other)
    assert shard.passes == {RECIPE.epochs: RECIPE.epochs * 230}
