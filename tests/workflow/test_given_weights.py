"""Where the weights of given models lie, and what the graph makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from unlearnkit import layout
from unlearnkit.config.load import load_experiment
from unlearnkit.errors import ConfigError, DataError
from unlearnkit.workflow.given_models import given_files, given_populations, refuse_unusable_files, weight_files
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present
from unlearnkit.workflow.report_graph import ReportGraph


def graph_of(repository: Path, **changes: Any) -> Graph:
    raw = yaml.safe_load((repository / "experiments/smoke.yaml").read_text())
    return Graph(load_experiment({**raw, **changes}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.pt", "a.safetensors", "c.pth", "d.bin", "notes.txt"):
        (tmp_path / name).touch()
    return tmp_path


def test_a_folder_has_its_weights_in_order_of_path(folder: Path) -> None:
    assert [Path(file).name for file in weight_files(str(folder))] == ["a.safetensors", "b.pt", "c.pth", "d.bin"]


def test_a_file_or_a_pattern_names_weights_of_any_ending(folder: Path) -> None:
    assert weight_files(str(folder / "notes.txt")) == [str(folder / "notes.txt")]
    assert [Path(file).name for file in weight_files(str(folder / "*.pt*"))] == ["b.pt", "c.pth"]
    assert weight_files(str(folder / "none")) == []


def test_a_brace_in_a_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a{0}.pt").touch()
    with pytest.raises(DataError, match="brace"):
        weight_files(str(tmp_path))


def test_a_shard_reads_the_files_of_its_models(repository: Path, folder: Path) -> None:
    given = graph_of(repository, originals={"source": "path", "path": str(folder)}, shard_size=2)
    assert [Path(file).name for file in given_files(given, "original", "0002-0003")] == ["c.pth", "d.bin"]
    assert given_populations(given) == ["original"]


def test_oracles_have_a_folder_or_file_per_forget_set(repository: Path, tmp_path: Path) -> None:
    given = graph_of(repository, oracles={"source": "path", "path": str(tmp_path)})
    assert given_populations(given) == ["oracle/random_20"]
    (tmp_path / "random_20.pt").touch()
    assert given_files(given, "oracle/random_20", "0000-0003") == [str(tmp_path / "random_20.pt")]


def test_the_recipe_determines_nothing_of_given_originals(repository: Path) -> None:
    one = graph_of(repository, originals={"source": "path", "path": "mine"})
    two = graph_of(repository, originals={"source": "path", "path": "elsewhere"}, seed=5)
    assert one.training_slice("original") == two.training_slice("original")
    assert one.training_slice("oracle") != two.training_slice("oracle")
    code = Present(one).code_of
    assert code("originals", {}) != code("oracles", {"forget_set": "random_20"})


def test_train_is_what_a_configuration_without_the_key_has(repository: Path) -> None:
    usual, stated = graph_of(repository), graph_of(repository, originals="train", oracles={"source": "train"})
    assert usual.training_slice("original") == stated.training_slice("original")
    assert ReportGraph(usual).report_slice() == ReportGraph(stated).report_slice()
    assert not usual.experiment.given


def test_costs_of_given_oracles_are_not_stated(repository: Path) -> None:
    given = ReportGraph(graph_of(repository, oracles={"source": "path", "path": "mine"}))
    assert not [record for record in given.cost_records() if "/oracle/" in record]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"originals": {"source": "path"}}, "originals.path is missing"),
        ({"originals": {"source": "path", "path": "m", "keymap": {}}}, "Did you mean 'key_map'"),
        ({"originals": {"source": "pth", "path": "m"}}, "originals.source is 'pth'"),
        ({"originals": "none"}, "originals.source is 'none'"),
        ({"originals": {"source": "path", "path": "m", "key_map": {"a": "c", "b": "c"}}}, "2 tensors the name 'c'"),
    ],
)
def test_wrong_sources_are_refused_by_key(repository: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        graph_of(repository, **changes)
    assert says in str(caught.value)


def test_given_originals_have_no_initial_weights_to_share(repository: Path) -> None:
    recipe = {"epochs": 3, "batch_size": 32, "lr": 0.1, "warmup_epochs": 1, "same_initial_weights": True}
    with pytest.raises(ConfigError, match=r"training\.same_initial_weights is true, but the originals were trained"):
        graph_of(repository, originals={"source": "path", "path": "mine"}, training=recipe)


@pytest.mark.parametrize(
    ("store", "files", "says"),
    [
        ("copy", 0, r"originals\.path is .*mine, which has no weights of model 0; expected a file per model"),
        ("copy", 3, r"which has no weights of model 3.*or lower num_models"),
        ("reference", 4, r"originals\.store is reference, but .*m0\.pt is no \.safetensors file"),
    ],
)
def test_files_that_cannot_be_used_are_refused_before_any_job(
    repository: Path, tmp_path: Path, store: str, files: int, says: str
) -> None:
    (tmp_path / "mine").mkdir()
    for index in range(files):
        (tmp_path / f"mine/m{index}.pt").touch()
    given = graph_of(repository, originals={"source": "path", "path": str(tmp_path / "mine"), "store": store})
    with pytest.raises(DataError, match=says):
        refuse_unusable_files(given)


def test_weights_that_were_made_need_their_files_no_longer(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = graph_of(repository, originals={"source": "path", "path": "mine"})
    for path in given.weights("original"):
        record = Path(layout.provenance(path))
        record.parent.mkdir(parents=True, exist_ok=True)
        record.touch()
    refuse_unusable_files(given)
