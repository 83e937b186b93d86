"""Configurations of images of the user's own: what is measured enters the rules between keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_pictures import save_classes, textures

from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError, DataError
from unlearnkit.workflow.graph import Graph

Changed = Callable[[str], dict[str, Any]]
SETS = "forget_sets: {eights: REMOVED, random_50: {size: 5}}, training: {batch_size: 8}"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return save_classes(tmp_path / "pictures", 20)


def own(changed: Changed, root: Path, keys: str = "", rest: str = SETS) -> dict[str, Any]:
    return changed(f"{{data: {{name: image_folder, root: '{root}', {keys}}}, {rest}}}")


def test_sizes_and_classes_are_those_of_the_folder(changed: Changed, pictures: Path) -> None:
    experiment = load_experiment(own(changed, pictures, "holdout: 0.25"))
    assert experiment.split_sizes == (30, 10, 0) and experiment.sample_shape == (3, 8, 8)
    assert Graph(experiment).dataset_slice()["holdout"] == 0.25
    by_name = own(changed, pictures, rest=SETS.replace("eights: REMOVED", "eights: {label: waves, size: 3}"))
    assert load_experiment(by_name).forget_sets["eights"].planned_size() == 3


@pytest.mark.parametrize(
    ("keys", "rest", "problem"),
    [
        ("train_size: 40", SETS, r"data\.train_size is 40, but image_folder has 32 samples there"),
        (
            "",
            SETS.replace("REMOVED", "{label: wave}"),
            r"label is 'wave', which is not a class of image_folder.*'waves'",
        ),
        ("", SETS.replace("REMOVED", "{label: 2}"), r"label is 2, but image_folder has 2 classes"),
        ("", SETS.replace("size: 5", "size: 32"), r"has 32 samples, but there are 32 training samples"),
        ("", f"{SETS}, model: {{name: resnet9, hidden: REMOVED}}", r"resnet9.* takes images of .* have 8 x 8"),
    ],
)
def test_what_does_not_fit_the_folder_is_refused(
    keys: str, rest: str, problem: str, changed: Changed, pictures: Path
) -> None:
    with pytest.raises(ConfigError, match=problem):
        load_experiment(own(changed, pictures, keys, rest))


def test_a_share_to_hold_out_is_for_folders_of_pictures_only(changed: Changed) -> None:
    with pytest.raises(ConfigError, match=r"data\.holdout is 0\.3, but digits has a validation split of its own"):
        load_experiment(changed("data: {holdout: 0.3}"))
    assert "holdout" not in Graph(load_experiment(changed("data: {holdout: null}"))).dataset_slice()


def test_three_splits_of_ones_own_are_not_divided_again(changed: Changed, tmp_path: Path) -> None:
    for seed, split in enumerate(("train", "val", "test")):
        save_classes(tmp_path / split, 20, seed=seed)
    experiment = load_experiment(own(changed, tmp_path, "test_size: 30"))
    assert experiment.split_sizes == (40, 40, 40) and experiment.test_size == 30
    with pytest.raises(ConfigError, match=r"data\.split is deep_unlearn, but image_folder has three splits already"):
        load_experiment(own(changed, tmp_path, "split: deep_unlearn"))


def test_a_picture_whose_name_has_a_brace_is_refused(changed: Changed, pictures: Path) -> None:
    (pictures / "waves/00001.png").rename(pictures / "waves/{a}.png")
    with pytest.raises(DataError, match=r"waves/\{a\}\.png' contains a brace.*Rename the file"):
        Graph(load_experiment(own(changed, pictures))).raw_files()


def test_a_file_of_arrays_outside_the_working_folder_is_an_input(changed: Changed, tmp_path: Path) -> None:
    split = np.repeat([0, 1], [50, 10])
    np.savez(tmp_path / "mine.npz", images=textures(60, 8, axis=0, seed=0), labels=np.arange(60) % 2, split=split)
    change = f"{{data: {{name: image_arrays, root: '{tmp_path}/mine.npz'}}, {SETS}}}"
    experiment = load_experiment(changed(change))
    assert experiment.split_sizes == (50, 10, 0)
    assert Graph(experiment).raw_files() == [str(tmp_path / "mine.npz")]


def test_only_forget_sets_by_name_read_the_table_of_rows(changed: Changed, pictures: Path) -> None:
    named = "named: {kind: file, file: f.txt, indices: names}, rows: {kind: file, file: f.txt}"
    graph = Graph(
        load_experiment(own(changed, pictures, rest=SETS.replace("eights: REMOVED", f"eights: REMOVED, {named}")))
    )
    assert graph.forget_set_rows("named") == ["results/small/data/rows.parquet"]
    assert graph.forget_set_rows("rows") == graph.forget_set_rows("random_50") == []
