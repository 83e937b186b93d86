"""Files of torch.save, and the folders of both editions of EasyDUB, as `unlearnkit score` reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from unlearnkit.errors import ArtifactError, MetricError
from unlearnkit.score.margin_files import read_forget_set, read_margin_table
from unlearnkit.score.sides import populations

MODELS, TRAIN, VALIDATION = 4, 30, 8
FORGET = np.array([3, 7, 20])
KEPT = np.setdiff1d(np.arange(TRAIN), FORGET)
RNG = np.random.default_rng(0)
ALL = RNG.normal(size=(MODELS, TRAIN + VALIDATION)).astype(np.float32)


def first_edition(folder: Path, margins: np.ndarray = ALL) -> Path:
    folder.mkdir(parents=True)
    torch.save({"0.weight": torch.ones(2)}, folder / "sd_0____epoch_23.pt")
    torch.save(torch.from_numpy(margins[:, :TRAIN].copy()), folder / "train_margins_all.pt")
    torch.save(torch.from_numpy(margins[:, TRAIN:].copy()), folder / "val_margins_all.pt")
    return folder


def second_edition(folder: Path, parts: dict[str, np.ndarray], epoch: int = 23) -> Path:
    for part, margins in parts.items():
        (folder / part / "resnet9").mkdir(parents=True, exist_ok=True)
        for number, own in enumerate(margins):
            np.save(folder / part / "resnet9" / f"id_{number}_epoch_{epoch}.npy", own)
    return folder


def originals(folder: Path) -> Path:
    parts = {"retain": ALL[:, :TRAIN], "val": ALL[:, TRAIN:], "forget_2": ALL[:, FORGET]}
    return second_edition(folder / "pretrain", parts)


def oracles(folder: Path, forget: np.ndarray = FORGET) -> Path:
    kept = np.setdiff1d(np.arange(TRAIN), forget)
    parts = {"retain": ALL[:, kept], "val": ALL[:, TRAIN:], "forget": ALL[:, forget]}
    return second_edition(folder / "forget_2", parts)


def aligned(**files: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    notes: list[str] = []
    tables = {name: read_margin_table(path) for name, path in files.items()}
    sides = populations(tables, FORGET, notes.append)
    return {name: side.margins for name, side in sides.items()}, notes


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_tensor_is_an_array(tmp_path: Path, dtype: torch.dtype) -> None:
    tensor = torch.from_numpy(ALL).to(dtype)
    torch.save(tensor, tmp_path / "margins.pt")
    found = read_margin_table(tmp_path / "margins.pt")
    assert np.array_equal(found.margins, tensor.float().numpy()) and found.split is None


def test_a_dict_of_tensors_is_read_by_name(tmp_path: Path) -> None:
    content = {"margins": torch.from_numpy(ALL), "sample_index": torch.arange(ALL.shape[1])}
    torch.save(content, tmp_path / "margins.pth")
    found = read_margin_table(tmp_path / "margins.pth")
    assert found.numbers is not None and np.array_equal(found.numbers, np.arange(ALL.shape[1]))
    torch.save({"0.weight": torch.ones(3), "0.bias": torch.ones(3)}, tmp_path / "weights.pt")
    with pytest.raises(ArtifactError, match=r"weights.pt holds 0.weight, 0.bias; expected an array `margins`"):
        read_margin_table(tmp_path / "weights.pt")
    torch.save(["a"], tmp_path / "list.pt")
    with pytest.raises(ArtifactError, match=r"list.pt holds list; expected a tensor"):
        read_margin_table(tmp_path / "list.pt")
    torch.save(torch.from_numpy(FORGET), tmp_path / "forget.pt")
    assert np.array_equal(read_forget_set(tmp_path / "forget.pt"), FORGET)


def test_the_first_edition_has_a_file_of_all_models_per_split(tmp_path: Path) -> None:
    found = read_margin_table(first_edition(tmp_path / "forget_set_2"))
    assert np.array_equal(found.margins, ALL)
    assert found.split is not None and found.split.tolist() == ["train"] * TRAIN + ["validation"] * VALIDATION


def test_files_of_both_editions_align(tmp_path: Path) -> None:
    np.save(tmp_path / "plain.npy", ALL)
    first = first_edition(tmp_path / "first")
    second = {"original": originals(tmp_path), "oracle": oracles(tmp_path)}
    for oracle in (second["oracle"], first):
        found, notes = aligned(original=second["original"], oracle=oracle, candidate=tmp_path / "plain.npy")
        assert [line.partition(":")[0] for line in notes] == [f"{tmp_path / 'plain.npy'} does not number its samples"]
        assert all(np.array_equal(margins, ALL) for margins in found.values())


def test_without_the_forget_set_masks_are_unknown(tmp_path: Path) -> None:
    tables = {"original": originals(tmp_path), "oracle": oracles(tmp_path)}
    with pytest.raises(MetricError, match=r"number other samples.*tate the forget set with --forget-set"):
        populations({name: read_margin_table(path) for name, path in tables.items()}, None, print)


def test_the_order_of_a_forget_set_that_is_not_ascending_is_stated(tmp_path: Path) -> None:
    order = FORGET[[2, 0, 1]]
    table = read_margin_table(oracles(tmp_path, order))
    notes: list[str] = []
    side = populations({"oracle": table}, order, notes.append)["oracle"]
    assert np.array_equal(side.margins, ALL)
    assert "in the order of the forget set, which is not ascending" in notes[0]


def test_another_forget_set_is_refused(tmp_path: Path) -> None:
    table = read_margin_table(oracles(tmp_path))
    for forget, words in ((np.arange(4), "has 4 numbers up to 3"), (np.array([0, 1, TRAIN]), "has 3 numbers up to 30")):
        with pytest.raises(MetricError, match=words):
            populations({"oracle": table}, forget, print)


def test_the_last_epoch_is_taken_and_every_split_has_the_same_models(tmp_path: Path) -> None:
    folder = oracles(tmp_path)
    second_edition(folder, {"retain": ALL[:, KEPT] + 1, "val": ALL[:, TRAIN:] + 1, "forget": ALL[:, FORGET] + 1}, 10)
    found = read_margin_table(folder)
    assert found.models == MODELS
    assert populations({"oracle": found}, FORGET, print)["oracle"].margins.max() == ALL.max()
    (folder / "val" / "resnet9" / "id_3_epoch_23.npy").unlink()
    with pytest.raises(ArtifactError, match=r"does not hold the same models in every split \(.*3 in validation"):
        read_margin_table(folder)
    torch.save(torch.ones(MODELS + 1, 3), (first := first_edition(tmp_path / "first")) / "val_margins_all.pt")
    with pytest.raises(ArtifactError, match="arrays that do not fit together"):
        read_margin_table(first)


def test_a_number_twice_is_no_forget_set(tmp_path: Path) -> None:
    np.save(tmp_path / "twice.npy", np.array([1, 1]))
    with pytest.raises(ArtifactError, match="each once"):
        read_forget_set(tmp_path / "twice.npy")
