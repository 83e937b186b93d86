"""`unlearnkit trace`: what a file was made from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from by_hand import ByHand
from checkout import RESULTS, Checkout

from unlearnkit.artifacts.tables import read_table, rows_to_table, write_table
from unlearnkit.places import place_of
from unlearnkit.seeds import derive_seed

pytestmark = pytest.mark.workflow

Call = Callable[..., tuple[int, str]]
CELL = ("--cell", "forget_set=nines", "candidate=scrub", "epoch=2", "measure=klom", "split=forget")


def traced(call: Call, copy: Checkout, name: str, *words: str) -> dict[str, Any]:
    status, output = call(copy.root, "trace", f"{RESULTS}/{name}", *words, "--json")
    assert status == 0, output
    return json.loads(output)


def names(node: dict[str, Any]) -> Iterator[str]:
    yield node.get("name") or node["path"]
    for below in node.get("from", []):
        yield from names(below)


def test_weights_come_from_originals_forget_set_data_and_raw_files(completed: Checkout, call: Call) -> None:
    told = traced(call, completed, "unlearned/nines/scrub/0002-0003.safetensors")
    assert told["content"] == "as recorded"
    found = set(names(told["tree"]))
    assert {name for name in found if not name.endswith("digits.csv.gz")} == {
        "unlearned/nines/scrub/0002-0003.safetensors",
        "original/0002-0003.safetensors",
        "forget_sets/nines.npy",
        "data/dataset.safetensors",
    }
    assert any(name.endswith("digits.csv.gz") for name in found)
    steps = {step["kind"]: step for step in told["steps"]}
    assert list(steps) == ["data", "originals", "forget sets", "unlearned scrub"]
    assert all(step["code"] == step["present_code"] for step in told["steps"])
    assert steps["unlearned scrub"]["settings"]["settings"]["ascent_epochs"] == 1
    assert steps["originals"]["settings"]["training"]["lr"] == 0.1
    assert steps["originals"]["devices"] and steps["originals"]["seconds"] > 0
    assert told["environment"]["torch"] and told["environment"]["Python"] and told["environment"]["machine"]


def test_seeds_are_those_that_the_models_are_drawn_with(completed: Checkout, call: Call) -> None:
    told = traced(call, completed, "oracle/nines/0002-0003.safetensors")
    seeds = {step["kind"]: step["seeds"] for step in told["steps"]}
    assert seeds["data"] is None
    assert seeds["forget sets"]["seed"] == 0
    oracles = seeds["oracles"]
    assert (oracles["base"], oracles["role"], oracles["models"]) == (0, "oracle", [2, 3])
    assert oracles["first"] == {stage: derive_seed(0, "oracle", 2, stage) for stage in ("initial_weights", "batches")}


def test_a_whole_table_comes_from_everything_before_it(completed: Checkout, call: Call) -> None:
    told = traced(call, completed, "tables/klom.md", "--depth", "99")
    reached = {place.stage for name in names(told["tree"]) if (place := place_of(name))}
    models = {"originals", "oracles", "held-out oracles", "unlearned"}
    assert reached == {"data", "forget sets", *models, "margins", "summaries", "tables"}
    status, output = call(completed.root, "trace", f"{RESULTS}/tables/klom.md")
    assert status == 0
    assert "(3 inputs below)" in output
    assert "the present code is the same" in output
    assert len(output.splitlines()) < 250


def test_a_cell_comes_from_its_own_models_only(completed: Checkout, call: Call) -> None:
    told = traced(call, completed, "tables/klom.csv", *CELL)
    (row,) = told["rows"]
    rows = read_table(completed.result("tables/klom.parquet"))[0].to_pylist()
    own = {"forget_set": "nines", "candidate": "scrub", "epoch": 2, "measure": "klom", "split": "forget"}
    assert row in rows and own.items() <= row.items()
    gives = {node["name"]: node["gives"] for node in told["tree"]["from"]}
    weights = [
        f"{folder}/{shard}.safetensors" for folder in ("oracle/nines", "unlearned/nines/scrub") for shard in SHARDS
    ]
    assert gives == {
        "summaries/klom/nines/scrub.parquet": "values",
        "summaries/klom/nines/oracle.parquet": "noise floor",
        **dict.fromkeys(weights, "cost"),
    }
    found = list(names(told["tree"]))
    assert not [name for name in found if "random_10" in name or "do_nothing" in name or "load_oracle" in name]
    assert {"original/0000-0001.safetensors", "original/0002-0003.safetensors", "data/dataset.safetensors"} <= {*found}
    assert any(name.endswith("digits.csv.gz") for name in found)


SHARDS = ("0000-0001", "0002-0003")


def test_a_metric_without_oracles_and_the_costs_have_their_own_sources(completed: Checkout, call: Call) -> None:
    condition = ("--cell", "forget_set=nines", "candidate=original")
    gives = {
        node["name"]: node["gives"] for node in traced(call, completed, "tables/mia.md", *condition)["tree"]["from"]
    }
    assert gives == {"summaries/mia/nines/original.parquet": "values"}
    condition = ("--cell", "forget_set=nines", "candidate=do_nothing")
    nodes = traced(call, completed, "tables/cost.md", *condition)["tree"]["from"]
    assert {node["name"].rpartition("/")[0] for node in nodes} == {"oracle/nines", "unlearned/nines/do_nothing"}


@pytest.mark.parametrize(
    ("name", "condition", "says"),
    [
        ("tables/klom.md", "forget_set=nine", "Did you mean 'nines'?"),
        ("tables/klom.md", "forgetset=nines", "Did you mean 'forget_set'?"),
        ("tables/klom.md", "nines", "names no value"),
        ("scores/klom/nines/scrub.parquet", "split=forget", "is not a table"),
    ],
)
def test_cells_that_do_not_exist_are_told(
    completed: Checkout, call: Call, name: str, condition: str, says: str
) -> None:
    status, output = call(completed.root, "trace", f"{RESULTS}/{name}", "--cell", condition)
    assert status == 1
    assert output.startswith("error: ") and says in output


def test_other_code_and_changed_content_are_told(finished: Checkout) -> None:
    name = f"{RESULTS}/unlearned/nines/scrub/0000-0001.margins.parquet"
    finished.edit("unlearnkit/methods/images/scrub.py", "NEEDS = ()", "NEEDS = ()\nUNUSED = 1")
    with (finished.root / name).open("ab") as stream:
        stream.write(b"x")
    told = finished.unlearnkit("trace", name).output
    assert "content CHANGED" in told
    assert told.count("the present code is different") == 1


def test_a_file_without_a_record_is_told_by_what_is_known(finished: Checkout, call: Call) -> None:
    margins = finished.result("oracle/nines/0000-0001.margins.parquet")
    margins.with_name(f"{margins.name}.json").unlink()
    status, output = call(finished.root, "trace", str(margins))
    assert status == 0
    assert "no record: " in output and "margins.parquet.json is missing" in output
    assert f"{RESULTS}/scores/klom/nines/scrub.parquet" in output.partition("used by: ")[2]
    margins.with_name(f"{margins.name}.json").write_text("{")
    assert "cannot be read" in call(finished.root, "trace", str(margins))[1]
    margins.unlink()
    assert call(finished.root, "trace", str(margins))[0] == 1


def test_a_raw_file_names_what_was_made_from_it(completed: Checkout, tmp_path: Path, call: Call) -> None:
    import sklearn.datasets

    shutil.copy(Path(sklearn.datasets.__file__).parent / "data/digits.csv.gz", tmp_path / "mine.gz")
    status, output = call(completed.root, "trace", str(tmp_path / "mine.gz"))
    assert status == 0
    assert "it is not an artifact of the workflow" in output
    assert f"used by: {RESULTS}/data/dataset.safetensors" in output


def test_it_works_from_any_folder_and_for_the_record_itself(completed: Checkout, call: Call) -> None:
    status, output = call(completed.result("tables"), "trace", "klom.parquet.json", "--depth", "0")
    assert status == 0
    assert "tables/klom.parquet: content as recorded" in output


def test_nodes_and_jobs_of_a_cluster_are_listed(by_hand: ByHand, call: Call) -> None:
    for shard in range(12):
        machine = {"system": "Linux", "cores": 8, "node": f"n{shard % 2}", "slurm_job": str(100 + shard)}
        by_hand.write(f"original/{shard:04d}-{shard:04d}.margins.parquet", "", machine=machine)
    inputs = tuple(f"original/{shard:04d}-{shard:04d}.margins.parquet" for shard in range(12))
    head = {"system": "Linux", "cores": 8, "node": "n0"}
    by_hand.write("summaries/mia/nines/original.parquet", "", inputs, machine=head)
    name = "results/hand/summaries/mia/nines/original.parquet"
    output = call(by_hand.root, "trace", name)[1]
    assert "  node: n0; n1\n" in output
    assert "  slurm_job: 100; 101; 102; 103; 104; 105; 106; 107 and 4 more" in output
    told = json.loads(call(by_hand.root, "trace", name, "--json")[1])
    assert len(told["environment"]["slurm_job"]) == 12


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("leaderboard/leaderboard.json", "a rank depends on the values of all variants"),
        ("leaderboard/leaderboard.csv", "tables/METRIC.csv --cell candidate=VARIANT"),
        ("studies/tune/trials.csv", "unlearnkit trace results/hand/studies/tune/STUDY.parquet"),
    ],
)
def test_rows_of_other_files_are_refused_with_what_to_trace_instead(
    by_hand: ByHand, call: Call, name: str, says: str
) -> None:
    by_hand.write("leaderboard/leaderboard.json", "{}")
    by_hand.write("studies/tune/trials.csv", "study")
    (by_hand.root / "results/hand/leaderboard/leaderboard.csv").write_text("ranking")
    status, output = call(by_hand.root, "trace", f"results/hand/{name}", "--cell", "method=scrub")
    assert status == 1 and output.startswith("error: ")
    assert says in output and "leave out --cell" in output


@pytest.mark.parametrize("table", ["arena", "sizes"])
def test_a_row_of_a_table_of_trials_comes_from_the_trials_of_its_metric(
    by_hand: ByHand, call: Call, table: str
) -> None:
    trials = [f"trials/{metric}/{name}.parquet" for metric in ("klom", "mia") for name in ("nines", "ones")]
    for name in trials:
        by_hand.write(name, name)
    by_hand.write(f"tables/{table}.parquet", "", tuple(trials))
    rows = [{"metric": metric, "forget_set": name} for metric in ("klom", "mia") for name in ("nines", "ones")]
    path = by_hand.root / f"results/hand/tables/{table}.parquet"
    write_table(path, rows_to_table(rows), {})
    words = ("--cell", "metric=klom", "forget_set=nines", "--json")
    status, output = call(by_hand.root, "trace", f"results/hand/tables/{table}.parquet", *words)
    assert status == 0
    assert [node["name"] for node in json.loads(output)["tree"]["from"]] == ["trials/klom/nines.parquet"]
