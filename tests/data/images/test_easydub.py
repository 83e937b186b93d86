"""EasyDUB's published forget sets by name: the right file passes, any other is refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unlearnkit.config.forget_sets.images import EasyDubForgetSet
from unlearnkit.data.forget_sets import check_forget_set, easydub_forget_set
from unlearnkit.errors import DataError
from unlearnkit.facts import easydub

# vision.md section 1.3: size and first indices; those of living17 are as published, their start is not stated there
PUBLISHED = {
    "cifar10/1": (10, [11841, 12363, 19602]),
    "cifar10/2": (100, [766, 1281, 1892]),
    "cifar10/3": (1000, [50, 89, 176]),
    "cifar10/4": (10, [3799, 9235, 22321]),
    "cifar10/5": (100, [305, 1346, 1538]),
    "cifar10/6": (500, [43, 172, 218]),
    "cifar10/7": (10, [10231, 11157, 14072]),
    "cifar10/8": (100, [1178, 1322, 1669]),
    "cifar10/9": (500, [255, 274, 486]),
    "cifar10/10": (100, [24734, 6, 9502]),
    "living17/1": (500, None),
    "living17/2": (647, None),
    "living17/3": (663, None),
    "living17/4": (200, None),
    "living17/5": (200, None),
}


def settings(name: str, folder: Path) -> EasyDubForgetSet:
    return EasyDubForgetSet.model_validate({"kind": "easydub", "name": name, "folder": str(folder)})


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_set(name: str, shared_data: Path) -> None:
    size, start = PUBLISHED[name]
    chosen = settings(name, shared_data / "easydub_forget_sets")
    indices = easydub_forget_set(chosen)
    check_forget_set(indices, name=name, train_size=44_200 if "living" in name else 50_000, expected_size=size)
    assert chosen.planned_size() == size
    assert start is None or indices[:3].tolist() == start


def test_leading_indices_of_living17(shared_data: Path) -> None:
    second, third, fourth, fifth = (
        easydub_forget_set(settings(f"living17/{n}", shared_data / "easydub_forget_sets")) for n in (2, 3, 4, 5)
    )
    assert fourth.tolist() == second[:200].tolist()
    assert fifth.tolist() == third[:200].tolist()


def test_every_set_is_listed() -> None:
    assert list(easydub.SETS) == list(PUBLISHED)


@pytest.mark.parametrize("name", ["cifar10/1", "cifar10/2", "cifar10/3"])
def test_drawn_sets_need_no_file(name: str, tmp_path: Path) -> None:
    size, start = PUBLISHED[name]
    chosen = settings(name, tmp_path)
    indices = easydub_forget_set(chosen)
    assert chosen.input_file() is None
    assert (len(indices), indices[:3].tolist()) == (size, start)


def test_missing_file_says_what_to_put_where(tmp_path: Path) -> None:
    message = rf"'{tmp_path}/CIFAR10/forget_set_4\.npy' is missing.*set cifar10/4.*RoyRin.*to '{tmp_path}'"
    with pytest.raises(DataError, match=message):
        easydub_forget_set(settings("cifar10/4", tmp_path))


@pytest.mark.parametrize("damage", ["another set", "cut short", "another order", "one index"])
def test_another_file_is_refused(damage: str, shared_data: Path, tmp_path: Path) -> None:
    published = shared_data / "easydub_forget_sets" / "CIFAR10"
    (tmp_path / "CIFAR10").mkdir()
    target = tmp_path / "CIFAR10" / "forget_set_6.npy"
    indices = np.load(published / "forget_set_6.npy")
    if damage == "another set":
        shutil.copyfile(published / "forget_set_9.npy", target)
    elif damage == "cut short":
        np.save(target, indices[:100])  # what the published code did to the larger sets
    elif damage == "another order":
        np.save(target, indices[::-1])
    else:
        indices[250] += 1
        np.save(target, indices)
    with pytest.raises(DataError, match=r"forget_set_6\.npy' holds \d+ indices that are not those .* cifar10/6"):
        easydub_forget_set(settings("cifar10/6", tmp_path))


@pytest.mark.parametrize("dtype", [np.int32, ">i8"])
def test_another_type_of_the_same_indices_passes(dtype: Any, shared_data: Path, tmp_path: Path) -> None:
    published = shared_data / "easydub_forget_sets"
    (tmp_path / "LIVING17").mkdir()
    indices = np.load(published / "LIVING17" / "forget_set_1.npy")
    np.save(tmp_path / "LIVING17" / "forget_set_1.npy", indices.astype(dtype))
    assert easydub_forget_set(settings("living17/1", tmp_path)).tolist() == indices.tolist()
