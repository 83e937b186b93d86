"""Weight files: every model of a shard at every kept epoch, readable one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unlearnkit.artifacts.store import BFLOAT16, write_tensors
from unlearnkit.artifacts.weights import State, WeightFile, write_weights
from unlearnkit.errors import ArtifactError


def state(model: int, epoch: int) -> State:
    return {"0.weight": np.full((2, 3), 10.0 * model + epoch, np.float32), "1.count": np.array(epoch)}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Models 25 and 26 at epochs 3 and 12."""
    path = tmp_path / "0025-0026.safetensors"
    write_weights(path, {(model, epoch): state(model, epoch) for model in (26, 25) for epoch in (3, 12)}, {"role": "x"})
    return path


def test_round_trip(weights: Path) -> None:
    stored = WeightFile(weights)
    assert (stored.model_indices, stored.epochs, stored.metadata) == ([25, 26], [3, 12], {"role": "x"})
    for model in (25, 26):
        for epoch in (3, 12):
            read = stored.state(model, epoch)
            assert read.keys() == {"0.weight", "1.count"}
            np.testing.assert_array_equal(read["0.weight"], state(model, epoch)["0.weight"])
            assert read["1.count"].shape == ()


def test_the_last_epoch_is_the_default(weights: Path) -> None:
    assert WeightFile(weights).state(25)["1.count"] == 12


@pytest.mark.parametrize(("model", "epoch"), [(27, None), (25, 4)])
def test_a_missing_model_is_named(weights: Path, model: int, epoch: int | None) -> None:
    with pytest.raises(ArtifactError, match=rf"0025-0026\.safetensors has no model {model} at epoch {epoch or 12}"):
        WeightFile(weights).state(model, epoch)


def test_other_tensor_files_are_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a.safetensors", {"layer.weight": np.zeros(2)})
    with pytest.raises(ArtifactError, match=r"a\.safetensors holds 'layer\.weight'; expected keys model_<index>"):
        WeightFile(tmp_path / "a.safetensors")


def test_tensors_keep_their_type(tmp_path: Path) -> None:
    stored = {"half": np.ones(2, np.float16), "brain": np.array([1.5, -2.0], BFLOAT16), "whole": np.arange(3)}
    write_weights(tmp_path / "a.safetensors", {(0, 1): stored}, {})
    read = WeightFile(tmp_path / "a.safetensors").state(0)
    assert {name: array.dtype for name, array in read.items()} == {name: array.dtype for name, array in stored.items()}
    assert all(np.array_equal(read[name], stored[name]) for name in stored)


def test_a_file_that_states_nothing_holds_whole_states(weights: Path) -> None:
    # the bytes of a file of whole states are those of before deltas
    assert WeightFile(weights).holds == "full"
    assert WeightFile(weights).metadata == {"role": "x"}


@pytest.fixture
def delta(tmp_path: Path) -> Path:
    """A delta of models 0 and 1 on their states at epoch 3."""
    path = tmp_path / "delta.safetensors"
    factors = {"0.lora_A": np.ones((1, 3), np.float32), "0.lora_B": np.ones((2, 1), np.float32)}
    write_weights(path, {(0, 1): factors, (1, 1): factors}, {"variant": "v"}, lambda model: state(model, 3))
    return path


def test_a_delta_states_what_it_applies_to(delta: Path) -> None:
    stored = WeightFile(delta)
    assert stored.holds == "delta"
    assert set(stored.state(0)) == {"0.lora_A", "0.lora_B"}
    for model in (0, 1):
        stored.refuse_other_base(model, state(model, 3))


def test_another_base_is_refused(delta: Path) -> None:
    with pytest.raises(
        ArtifactError, match=r"the delta of model 1 in .*delta\.safetensors applies to other weights than"
    ):
        WeightFile(delta).refuse_other_base(1, state(0, 3))


def test_weights_of_an_unknown_kind_are_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a.safetensors", {"model_0000/epoch_0001/w": np.zeros(2)}, {"holds": "rumours"})
    with pytest.raises(
        ArtifactError, match=r"a\.safetensors holds weights of the kind 'rumours'; expected full, delta or reference"
    ):
        WeightFile(tmp_path / "a.safetensors")
