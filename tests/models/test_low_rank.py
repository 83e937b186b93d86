"""Low-rank terms on a model that lends its weights, and the plain state that they make with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from unlearnkit import registry
from unlearnkit.artifacts.weights import State, WeightFile, write_weights
from unlearnkit.errors import ArtifactError
from unlearnkit.models.building import Architecture, states_of
from unlearnkit.models.low_rank import LowRankModel, composed, whole_state

CNN = Architecture("small_cnn", registry.load("model", "small_cnn").Settings(), num_classes=7, sample_shape=(1, 8, 8))
IMAGES = torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def adapted(model: torch.nn.Module, up: float) -> LowRankModel:
    layer = CNN.adapter.classifier
    classes, features = model.get_submodule(layer).get_parameter("weight").shape
    down = torch.randn(2, features, generator=torch.Generator().manual_seed(1))
    return LowRankModel(model, {layer: (down, torch.full((classes, 2), up))})


def test_without_its_term_it_is_the_original_in_eval_mode() -> None:
    model = CNN.build(seed=1).train()
    logits = adapted(model, up=0.0).train()(IMAGES)
    assert model.training and torch.equal(logits, model.eval()(IMAGES))


def test_only_the_factors_are_trained_and_the_original_lends_its_weights() -> None:
    model = CNN.build(seed=1)
    (before,) = states_of(model)
    low_rank = adapted(model, up=0.1)
    low_rank(IMAGES).square().sum().backward()
    assert {name.rpartition(".")[2] for name, _ in low_rank.named_parameters()} == {"lora_A", "lora_B"}
    assert all(parameter.grad is not None for parameter in low_rank.parameters())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
    assert all(np.array_equal(array, before[name]) for name, array in states_of(model)[0].items())
    pairs = zip(model.parameters(), low_rank.base.parameters(), strict=True)
    assert all(own.data_ptr() == lent.data_ptr() for own, lent in pairs)


def test_the_merged_model_has_the_logits_of_the_adapted_one() -> None:
    model = CNN.build(seed=1)
    low_rank = adapted(model, up=0.1)
    (base,), (delta,) = states_of(model), states_of(low_rank)
    merged = CNN.load(composed(base, delta)).eval()(IMAGES)
    torch.testing.assert_close(merged, low_rank(IMAGES), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(merged, model.eval()(IMAGES), rtol=0.01)


@pytest.mark.parametrize(
    "broken", [lambda delta: dict(list(delta.items())[:1]), lambda delta: {f"x.{k}": v for k, v in delta.items()}]
)
def test_a_delta_that_fits_nowhere_is_refused(broken: Callable[[State], State]) -> None:
    model = CNN.build(seed=1)
    (base,), (delta,) = states_of(model), states_of(adapted(model, up=0.1))
    with pytest.raises(ArtifactError, match=r"a delta of the layer '.*' cannot be applied; expected the tensors"):
        composed(base, broken(delta))


def test_a_file_gives_whole_states_whatever_it_holds(tmp_path: Path) -> None:
    model = CNN.build(seed=1)
    (base,), (delta,) = states_of(model), states_of(adapted(model, up=0.1))
    write_weights(tmp_path / "full.safetensors", {(0, 1): base}, {})
    write_weights(tmp_path / "delta.safetensors", {(0, 1): delta}, {}, lambda _: base)
    full, stored = (WeightFile(tmp_path / f"{name}.safetensors") for name in ("full", "delta"))
    for whole, expected in (
        (whole_state(full, 0, 1, lambda _: {}), base),
        (whole_state(stored, 0, 1, full.state), composed(base, delta)),
    ):
        assert whole.keys() == expected.keys() and all(np.array_equal(whole[name], expected[name]) for name in whole)
    with pytest.raises(ArtifactError, match="applies to other weights than it is used with"):
        whole_state(stored, 0, 1, lambda _: states_of(CNN.build(seed=2))[0])
