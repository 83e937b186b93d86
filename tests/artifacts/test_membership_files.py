"""Membership files: one bit per model and sample, read back as it was, and refused where it cannot be one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unlearnkit.artifacts.membership import Membership, read_membership, write_membership
from unlearnkit.artifacts.store import write_tensors
from unlearnkit.errors import ArtifactError

MODELS, SAMPLES = 3, 21


def drawn() -> Membership:
    member = np.random.RandomState(0).rand(MODELS, SAMPLES) < 0.5
    return Membership(member, member & (np.random.RandomState(1).rand(MODELS, SAMPLES) < 0.3))


def test_it_is_read_back_from_one_bit_per_entry(tmp_path: Path) -> None:
    path, own = tmp_path / "0000-0002.safetensors", drawn()
    write_membership(path, own, {"pool": "halves"})
    back = read_membership(path, MODELS, SAMPLES)
    assert np.array_equal(back.member, own.member) and np.array_equal(back.forgotten, own.forgotten)
    assert path.stat().st_size < 2 * MODELS * 3 + 300


def test_on_evaluated_samples_nothing_outside_the_training_split_is_a_member() -> None:
    own = drawn()
    split = np.array(["train", "validation", "train"])
    found = own.on(split, np.array([20, 0, 4]))
    assert np.array_equal(found.member, np.stack([own.member[:, 20], [False] * 3, own.member[:, 4]], axis=1))
    assert not found.forgotten[:, 1].any()


def test_what_was_not_learnt_cannot_be_forgotten(tmp_path: Path) -> None:
    own = drawn()
    own.forgotten[1, np.flatnonzero(~own.member[1])[0]] = True
    with pytest.raises(ArtifactError, match=r"model 1 of 3 forgets sample \d+, on which it is not"):
        write_membership(tmp_path / "a.safetensors", own, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("models", "samples"), [(2, SAMPLES), (MODELS, SAMPLES + 1)])
def test_other_sizes_are_refused(models: int, samples: int, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write_membership(path, drawn(), {})
    with pytest.raises(ArtifactError, match=f"models x samples = 3 x 21; expected {models} x {samples}"):
        read_membership(path, models, samples)


@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        ({}, "has no tensor 'member'"),
        ({"member": np.zeros((3, 2), np.uint8)}, r"'member' as uint8 of shape \[3, 2\]; expected packed bits"),
        ({"member": np.zeros((3, 3), np.uint8), "forgotten": np.full((3, 3), 255, np.uint8)}, "damaged: model 0 of 3"),
    ],
)
def test_a_damaged_file_is_refused(tensors: dict[str, np.ndarray], told: str, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    whole = {"forgotten": np.zeros((3, 3), np.uint8), **tensors} if tensors else {}
    write_tensors(path, whole, {"models": "3", "samples": "21"})
    with pytest.raises(ArtifactError, match=told):
        read_membership(path, MODELS, SAMPLES)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ArtifactError, match="not a readable safetensors file"):
        read_membership(path, MODELS, SAMPLES)
