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
        assert [line.partition(":")[0] for line in notes] == [
            f"{tmp_path / 'plain.npy'} does not number its samples",
            f"{MODELS} of the models in {tmp_path / 'plain.npy'} are in {oracle} as well",
        ]
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


def test_folders_of_several_forget_sets_are_refused(tmp_path: Path) -> None:
    for number in (1, 2):
        first_edition(tmp_path / "first" / f"forget_set_{number}")
    with pytest.raises(ArtifactError, match=r"more than one population: forget_set_1/.*_all.pt and forget_set_2/"):
        read_margin_table(tmp_path / "first")
    parts = {"retain": ALL[:, KEPT], "val": ALL[:, TRAIN:], "forget": ALL[:, FORGET]}
    for number in (1, 2):
        second_edition(tmp_path / "second" / f"forget_{number}", parts)
    with pytest.raises(ArtifactError, match=r"folders of forget sets: forget_1, forget_2; .*as in .*/second/forget_1"):
        read_margin_table(tmp_path / "second")
    assert read_margin_table(tmp_path / "second" / "forget_2").models == MODELS
    folder = oracles(tmp_path)
    (folder / "retain" / "other").mkdir()
    np.save(folder / "retain" / "other" / "id_0_epoch_23.npy", ALL[0, KEPT])
    with pytest.raises(
        ArtifactError, match=r"more than one population: retain/other/id_0.*npy and retain/resnet9/id_0"
    ):
        read_margin_table(folder)


def test_an_order_that_is_not_known_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "plain.npy", ALL)
    tables = [read_margin_table(path) for path in (oracles(tmp_path), tmp_path / "plain.npy")]
    for oracle, candidate in (tables, tables[::-1]):
        with pytest.raises(MetricError, match=r"plain.npy does not number its samples.*with --forget-set"):
            populations({"oracle": oracle, "candidate": candidate}, None, print)
        found = populations({"oracle": oracle, "candidate": candidate}, FORGET, print)
        assert np.array_equal(found["oracle"].margins, found["candidate"].margins)


def test_only_what_is_needed_of_a_file_is_read(tmp_path: Path) -> None:
    more = {"margins": torch.from_numpy(ALL), "split": ["train"] * ALL.shape[1], "note": [[1], [1, 2]]}
    torch.save(more, tmp_path / "more.pt")
    table = read_margin_table(tmp_path / "more.pt")
    assert table.split is not None and table.split.tolist() == more["split"]
    nested: object = [1.0]
    for _ in range(60):
        nested = [nested, nested]  # NumPy would unfold all of it
    for name, rows in (("nested", nested), ("ragged", [[1.0], [1.0, 2.0]])):
        torch.save({"margins": rows}, tmp_path / f"{name}.pt")
        with pytest.raises(ArtifactError, match=rf"margins of .*{name}.pt is no array but a list"):
            read_margin_table(tmp_path / f"{name}.pt")


def damaged(folder: Path) -> dict[str, str]:
    """Write files of every form that are none, and return what is said of each."""
    np.savez_compressed(folder / "good.npz", margins=ALL)
    np.save(folder / "good.npy", ALL)
    archive, array = (folder / "good.npz").read_bytes(), (folder / "good.npy").read_bytes()
    middle = len(archive) // 2
    files = {
        "empty.npy": b"",
        "header.npy": array[:10] + b"(" * 20 + array[30:],
        "archive.npy": archive,
        "cut.npy": array[:-1],
        "cut.npz": archive[:middle],
        "damaged.npz": archive[:middle] + bytes(8) + archive[middle + 8 :],
        "stream.npz": archive[:60] + b"\xff" * 40 + archive[100:],
        "array.npz": array,
        "twice.csv": b"a,a\n1.5,2.5\n",
        "damaged.parquet": b"PAR1xxxxPAR1",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    said = {"npy": "is not a readable array", "npz": "is not readable", "csv": "has two columns 'a'"}
    return {name: said.get(name.rpartition(".")[2], "is not a readable Parquet table") for name in files}


def test_damaged_files_of_every_form_are_one_paragraph(tmp_path: Path) -> None:
    for name, words in damaged(tmp_path).items():
        with pytest.raises(ArtifactError) as caught:
            read_margin_table(tmp_path / name)
        assert f"{name} {words}" in str(caught.value), name
        assert "snakemake" not in str(caught.value), "it is no artifact of a run"


def test_a_negative_number_is_of_no_sample(tmp_path: Path) -> None:
    np.save(tmp_path / "negative.npy", np.array([-1, 0, 1]))
    with pytest.raises(ArtifactError, match="numbers of the forgotten samples, from 0"):
        read_forget_set(tmp_path / "negative.npy")


def test_a_number_twice_is_no_forget_set(tmp_path: Path) -> None:
    np.save(tmp_path / "twice.npy", np.array([1, 1]))
    with pytest.raises(ArtifactError, match="each once"):
        read_forget_set(tmp_path / "twice.npy")
