"""Models that were trained elsewhere: one per file, checked, and kept as copies or as references."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from unlearnkit.artifacts.store import sha256_of
from unlearnkit.artifacts.weights import WeightFile, write_references
from unlearnkit.errors import ArtifactError, DataError
from unlearnkit.models.building import Architecture
from unlearnkit.models.images.mlp import Settings
from unlearnkit.training.given import GivenModels, given_models

ARCHITECTURE = Architecture("mlp", Settings(hidden=(5,)), 3, (1, 2, 2))
SOURCE = {"role": "original", "entry": None, "key_map": {"first.": "1.", "last.": "3."}, "store": "copy"}


def own_model(seed: int, classes: int = 3) -> nn.Module:
    """A model as a user may have written it."""
    torch.manual_seed(seed)
    model = nn.Module()
    model.first, model.last = nn.Linear(4, 5), nn.Linear(5, classes)
    return model


def files_in(folder: Path, count: int = 2, suffix: str = "pt") -> list[str]:
    paths = [folder / f"m{index}.{suffix}" for index in range(count)]
    save = torch.save if suffix == "pt" else safetensors.torch.save_file
    for seed, path in enumerate(paths):
        save(own_model(seed).state_dict(), path)
    return [str(path) for path in paths]


def taken(files: list[str], models: range = range(2), **changes: Any) -> GivenModels:
    lines: list[str] = []
    return given_models(ARCHITECTURE, files, models, {**SOURCE, **changes}, place="mine", report=lines.append)


def test_model_k_is_the_kth_file_and_computes_what_it_did(tmp_path: Path) -> None:
    given = taken(files_in(tmp_path))
    own, images = own_model(1), torch.randn(7, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        theirs = own.last(torch.relu(own.first(images.flatten(1))))  # pyright: ignore
        ours = ARCHITECTURE.load(given.states[1])(images)
    torch.testing.assert_close(ours, theirs)
    assert given.sources[1] == {"model": 1, "path": str(tmp_path / "m1.pt"), "sha256": sha256_of(tmp_path / "m1.pt")}


def test_fewer_files_than_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"originals\.path is mine, which has no weights of model 1.*num_models"):
        taken(files_in(tmp_path, 1))


def test_another_number_of_classes_is_refused(tmp_path: Path) -> None:
    torch.save(own_model(0, classes=4).state_dict(), tmp_path / "m.pt")
    with pytest.raises(DataError, match=r"3\.weight float32 \[4, 5\] instead of float32 \[3, 5\]"):
        taken([str(tmp_path / "m.pt")], range(1))


def test_equal_files_are_noted(tmp_path: Path) -> None:
    first = files_in(tmp_path, 1)[0]
    (tmp_path / "again.pt").write_bytes(Path(first).read_bytes())
    assert "have the same content" in taken([first, str(tmp_path / "again.pt")]).notes[0]


def test_a_reference_gives_the_same_states_and_holds_no_tensors(tmp_path: Path) -> None:
    given = taken(files_in(tmp_path, suffix="safetensors"), store="reference")
    write_references(tmp_path / "weights.safetensors", given.references, {"role": "original"})
    file = WeightFile(tmp_path / "weights.safetensors")
    assert file.model_indices == [0, 1] and file.epochs == [0]
    for index in (0, 1):
        assert all(np.array_equal(array, given.states[index][name]) for name, array in file.state(index).items())
    whole = sum(array.nbytes for array in file.state(0).values())
    assert whole and not file._file.names


def test_a_reference_to_a_changed_or_lost_file_is_refused(tmp_path: Path) -> None:
    files = files_in(tmp_path, suffix="safetensors")
    write_references(tmp_path / "w.safetensors", taken(files, store="reference").references, {})
    safetensors.torch.save_file(own_model(9).state_dict(), files[0])
    Path(files[1]).unlink()
    for index in (0, 1):
        with pytest.raises(ArtifactError, match="by reference, is gone or was changed"):
            WeightFile(tmp_path / "w.safetensors").state(index)


def test_only_safetensors_are_referred_to(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"store is reference, but .*m0\.pt is no \.safetensors file.*store: copy"):
        taken(files_in(tmp_path), store="reference")
