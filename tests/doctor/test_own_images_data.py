"""`unlearnkit check` on images of the user's own: what it reads, and how it names what it cannot."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from made_pictures import save_classes, textures

from unlearnkit.data.images.picture_folder import picture_folder
from unlearnkit.doctor.case import ERROR, OK, WARNING, Case, examine

IMAGES = """
experiment: mine
data: {name: image_folder, root: pictures}
model: {name: small_cnn}
training: {epochs: 1, batch_size: 16, warmup_epochs: 1}
num_models: 2
held_out_oracles: 2
shard_size: 2
forget_sets: {some: {kind: class, label: waves, size: 4}}
methods: {do_nothing: {method: do_nothing}}
metrics: {klom: {}}
"""


def findings(folder: Path, **changes: Any) -> dict[str, str]:
    """Return fact -> level of what is found about configuration and data."""
    found = yaml.safe_load(IMAGES) | changes
    (folder / "mine.yaml").write_text(yaml.safe_dump(found))
    case = Case([folder / "mine.yaml"])
    configuration = list(examine("configuration", case))
    if configuration[0].level == ERROR:
        return {finding.fact: finding.level for finding in configuration}
    return {finding.fact: finding.level for finding in examine("data", case)}


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """300 pictures in two classes, below the current folder."""
    monkeypatch.chdir(tmp_path)
    return save_classes(tmp_path / "pictures", 150)


@pytest.mark.slow
def test_pictures_are_read_and_a_broken_one_is_named(pictures: Path, tmp_path: Path) -> None:
    assert findings(tmp_path) == {"image_folder is sound: 300 entries": OK}
    (pictures / "waves/00007.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    ((fact, level),) = findings(tmp_path).items()
    assert level == ERROR and "pictures/waves/00007.png' is not a readable picture" in fact


@pytest.mark.slow
def test_copies_in_two_classes_are_a_warning_or_an_error(pictures: Path, tmp_path: Path) -> None:
    train = {picture.name for picture in picture_folder(pictures, None).train}
    names = [f"{number:05d}.png" for number in range(150)]
    both = [name for name in names if {f"waves/{name}", f"stripes/{name}"} <= train]
    for count, level in ((1, WARNING), (2, ERROR)):  # two copies of 300 images, and four
        for name in both[:count]:
            shutil.copy(pictures / "waves" / name, pictures / "stripes" / name)
        found = {fact: level for fact, level in findings(tmp_path).items() if "in another class" in fact}
        assert [*found.values()] == [level]


@pytest.mark.slow
def test_a_file_with_names_is_read_and_a_wrong_name_is_found(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "these.txt").write_text("waves/00001.png\nwaves/x.png\n")
    found = findings(tmp_path, forget_sets={"these": {"kind": "file", "file": "these.txt", "indices": "names"}})
    assert found.pop("these.txt is sound: 2 entries") == OK
    assert found.pop("image_folder is sound: 300 entries") == OK
    assert [(level, "waves/x.png" in fact) for fact, level in found.items()] == [(ERROR, True)]


def test_arrays_are_read_and_what_is_wrong_with_them_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    arrays = {"images": textures(60, 8, axis=0, seed=0), "labels": np.arange(60) % 2, "class_names": ["dots", "waves"]}
    np.savez(tmp_path / "mine.npz", split=np.repeat(["train", "test"], [48, 12]), **arrays)
    data = {"name": "image_arrays", "root": str(tmp_path / "mine.npz")}
    assert findings(tmp_path, data=data) == {"image_arrays is sound: 60 entries": OK}
    np.savez(tmp_path / "mine.npz", **arrays)
    ((fact, level),) = findings(tmp_path, data=data).items()
    assert level == ERROR and "mine.npz' has no array split" in fact
