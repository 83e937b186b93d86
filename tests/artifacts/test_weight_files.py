"""Weight files: every model of a shard at every kept epoch, readable one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unlearnkit.artifacts.store import write_tensors
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
