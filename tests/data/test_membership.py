"""Membership: what is drawn does not depend on the layout of jobs, and what files may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from unlearnkit.artifacts.membership import Membership
from unlearnkit.data.membership import membership_of, random_membership
from unlearnkit.data.rows_by_model import alike, rows_by_model, rows_of_stack
from unlearnkit.errors import DataError
from unlearnkit.seeds import derive_seed

MEMBER = np.array([[1, 1, 0, 1], [0, 1, 1, 0]], dtype=bool)
ONE_IDLE = np.array([[1, 0, 0, 0], [0, 0, 0, 0]], dtype=bool)
FORGOTTEN = np.array([[1, 0, 0, 0], [0, 0, 1, 0]], dtype=bool)


def from_file(path: Path, models: int = 2, samples: int = 4, shard: range = range(2)) -> Membership:
    return membership_of({"kind": "file", "file": str(path), "models": models}, shard, samples)


def test_a_model_has_the_same_samples_in_every_shard() -> None:
    many = random_membership(0, "pool/a", range(6), 150, 0.4, 7)
    few = random_membership(0, "pool/a", [4, 5], 150, 0.4, 7)
    assert np.array_equal(many.member[4:], few.member) and np.array_equal(many.forgotten[4:], few.forgotten)
    assert many.member.sum(axis=1).tolist() == [60] * 6
    assert many.forgotten.sum(axis=1).tolist() == [7] * 6
    assert many.problem() is None
    assert len({row.tobytes() for row in many.member}) == 6
    assert not np.array_equal(many.member, random_membership(0, "pool/b", range(6), 150, 0.4).member)


def test_the_part_of_a_model_is_the_beginning_of_a_permutation_from_its_seed() -> None:
    generator = torch.Generator().manual_seed(derive_seed(3, "datamodel", 1, "subset"))
    expected = torch.randperm(150, generator=generator)[:75].sort().values
    (rows,) = rows_by_model(random_membership(3, "datamodel", [1], 150, 0.5).member)
    assert torch.equal(rows, expected)


def test_how_many_are_forgotten_changes_no_part() -> None:
    few, many = (random_membership(0, "pool/a", range(4), 150, 0.5, forget) for forget in (5, 20))
    assert np.array_equal(few.member, many.member)
    assert not (few.forgotten & ~many.forgotten).any()


def test_rows_of_models_that_run_together() -> None:
    rows = [torch.arange(3), torch.arange(3) + 1]
    assert rows_of_stack(rows, [1, 0]).tolist() == [[1, 2, 3], [0, 1, 2]]
    assert rows_of_stack(rows, [1]).tolist() == [1, 2, 3]
    assert rows_of_stack(torch.arange(3), [1, 0]).tolist() == [0, 1, 2]
    assert alike(rows) and alike(torch.arange(3)) and not alike([torch.arange(3), torch.arange(4)])


def test_a_shard_takes_its_models_from_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", MEMBER)
    own = from_file(tmp_path / "a.npy", shard=range(1, 2))
    assert np.array_equal(own.member, MEMBER[1:]) and not own.forgotten.any()
    np.savez_compressed(tmp_path / "a.npz", member=MEMBER, forgotten=FORGOTTEN)
    assert np.array_equal(from_file(tmp_path / "a.npz").forgotten, FORGOTTEN)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"member": MEMBER}, r"cannot be read.*'forgotten\.npy'.*`member` and `forgotten`"),
        ({"member": MEMBER.astype(int), "forgotten": FORGOTTEN}, r"'member' is int64 of shape \[2, 4\]; expected bool"),
        ({"member": MEMBER[:, :3], "forgotten": FORGOTTEN[:, :3]}, r"shape \[2, 3\]; expected .*2 models, 4 training"),
        ({"member": MEMBER[:1], "forgotten": FORGOTTEN[:1]}, r"shape \[1, 4\]; expected boolean values \[2 models"),
        ({"member": MEMBER, "forgotten": FORGOTTEN[:1]}, r"'forgotten' is bool of shape \[1, 4\]; expected .*\[2, 4\]"),
        ({"member": MEMBER, "forgotten": ~MEMBER}, "model 0 of 2 forgets sample 2, on which it is not trained"),
        (
            {"member": MEMBER, "forgotten": ONE_IDLE},
            "gives model 1 nothing to forget; expected a",
        ),
        ({"member": MEMBER, "forgotten": MEMBER}, "leaves model 0 no sample; expected at least one"),
        ({"member": np.zeros(10**5, bool), "forgotten": FORGOTTEN}, r"cannot be read \(member\.npy has 100128 bytes\)"),
    ],
)
def test_a_file_that_holds_no_membership_is_refused(arrays: dict[str, Any], told: str, tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=f"'{tmp_path}/a.npz' .*{told}.*Correct the file or the `file` key"):
        from_file(tmp_path / "a.npz")


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_something_else_under_the_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        from_file(tmp_path / name)
    (tmp_path / name).write_bytes(b"no array")
    with pytest.raises(DataError, match="cannot be read"):
        from_file(tmp_path / name)
