"""Results that were copied: with other time stamps, in any order, with Snakemake's records and without them."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkout import CONFIG, Checkout
from refusals import repair

from unlearnkit.config.load import load_experiment
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.guards.origin import foreign_artifacts

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

UNLEARNED = "results/tiny/unlearned/nines/scrub/0000-0001.safetensors"


def copied(original: Checkout, root: Path, *, records: bool, order: str = "random") -> Checkout:
    """Copy a checkout as `cp -r` does, with new time stamps in the order of `order`; `records` are Snakemake's."""
    shutil.copytree(original.root, root, symlinks=True, copy_function=shutil.copy)
    copy = Checkout(root)
    results = sorted(
        (root / "results").rglob("*.*"), key=lambda path: (original.root / path.relative_to(root)).stat().st_mtime
    )
    if order == "reversed":
        results.reverse()
    else:
        random.Random(0).shuffle(results)
    for number, path in enumerate(results):
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    if not records:
        shutil.rmtree(root / ".snakemake")
    return copy


@pytest.mark.parametrize("order", ["random", "reversed"])
def test_a_whole_copy_has_nothing_to_do(completed: Checkout, tmp_path: Path, order: str) -> None:
    copy = copied(completed, tmp_path / "copy", records=True, order=order)
    assert copy.plan().nothing_to_do


def test_a_copy_of_the_results_alone_is_accepted_or_made_again(completed: Checkout, tmp_path: Path) -> None:
    copy = copied(completed, tmp_path / "copy", records=False, order="reversed")
    # outputs older than their inputs, and no record of the inputs' content: Snakemake plans again, and says why
    plan = copy.plan()
    assert plan.counts
    assert "Updated input files" in plan.output
    assert copy.make(UNLEARNED).counts == {"forget_set": 1, "original": 1, "unlearn": 1}
    assert (copy.root / UNLEARNED).read_bytes() == (completed.root / UNLEARNED).read_bytes()
    # one command takes all files for what they are
    before = copy.artifacts("**/*.*")
    assert copy.snakemake("--touch").status == 0
    assert copy.plan().nothing_to_do
    assert copy.artifacts("**/*.*") == before


# without Snakemake's records the files' own records tell whether they are of this configuration

PICTURES = {"figures", "report"}
CHANGES: dict[str, tuple[Mapping[str, Any], set[str]]] = {
    "nothing": ({}, set()),
    "execution": ({"execution": {"threads": 2}}, set()),
    "a metric less": ({"metrics": {"klom": {}}}, PICTURES),
    "a metric's settings": (
        {"metrics": {"klom": {"bins": 10}, "mia": {}}},
        {"scores/klom", "summaries/klom", "tables", *PICTURES},
    ),
    "more models": ({"num_models": 6, "held_out_oracles": 6}, {"scores", "summaries", "tables", *PICTURES}),
    "training": (
        {"training": {"epochs": 3, "batch_size": 50, "lr": 0.1, "warmup_epochs": 1}},
        {"original", "oracle", "held_out_oracle", "unlearned", "scores", "summaries", "tables", *PICTURES},
    ),
    "seed": (
        {"seed": 1},
        {"original", "oracle", "held_out_oracle", "unlearned", "scores", "summaries", "tables", *PICTURES},
    ),
}


def graph_of(copy: Checkout, changes: Mapping[str, Any]) -> Graph:
    return Graph(load_experiment({**yaml.safe_load((copy.root / CONFIG).read_text()), **changes}))


@pytest.mark.parametrize("change", CHANGES)
def test_files_of_another_configuration_are_told(
    completed: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    changes, folders = CHANGES[change]
    shutil.copytree(completed.root / "results", tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    found = foreign_artifacts(graph_of(completed, changes))
    assert {name.removeprefix("results/tiny/").split("/")[0] for name in found} == {
        name.split("/")[0] for name in folders
    }
    assert all(any(name.startswith(f"results/tiny/{folder}") for folder in folders) for name in found)
    # with Snakemake's own records it is Snakemake who sees the change
    shutil.copytree(completed.root / ".snakemake/metadata", tmp_path / ".snakemake/metadata")
    assert foreign_artifacts(graph_of(completed, changes)) == {}


def test_files_from_several_runs_are_told(completed: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(completed.root / "results", tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    weights, margins = (
        "results/tiny/oracle/nines/0000-0001.safetensors",
        "results/tiny/oracle/nines/0000-0001.margins.parquet",
    )
    for suffix in ("", ".json"):
        shutil.copy(weights.replace("0000-0001", "0002-0003") + suffix, weights + suffix)
    found = foreign_artifacts(graph_of(completed, {}))
    assert found[margins] == f"was made of another {weights}"
    assert "results/tiny/scores/klom/nines/scrub.parquet" in found
    assert "results/tiny/scores/mia/nines/scrub.parquet" not in found


def test_files_behind_a_link_are_told_too(completed: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(completed.root / "results", tmp_path / "results")
    shutil.move(tmp_path / "results/tiny/unlearned", tmp_path / "other_disk")
    (tmp_path / "results/tiny/unlearned").symlink_to(tmp_path / "other_disk")
    monkeypatch.chdir(tmp_path)
    changed = {"method": "scrub", "epochs": 2, "ascent_epochs": 1, "lr": 0.03, "snapshots": [1, 2]}
    methods = {"do_nothing": {"method": "do_nothing"}, "load_oracle": {"method": "load_oracle"}, "scrub": changed}
    found = foreign_artifacts(graph_of(completed, {"methods": methods}))
    weights = "results/tiny/unlearned/nines/scrub/0000-0001.safetensors"
    assert found[weights] == "was made with other settings (settings.lr 0.01 -> 0.03)"
    assert "results/tiny/tables/klom.parquet" in found


def test_results_of_another_configuration_are_refused_and_the_quoted_command_clears_the_way(
    completed: Checkout, tmp_path: Path
) -> None:
    known = copied(completed, tmp_path / "known", records=True)
    copy = copied(completed, tmp_path / "copy", records=False)
    for each in (known, copy):
        each.configure({"training.lr": 0.2})
    for arguments in (["-n"], [], ["--touch"]):
        refused = copy.snakemake(*arguments)
        assert refused.status != 0
        assert "Traceback" not in refused.output
        paragraph = next(line for line in refused.output.splitlines() if "were not made by this configuration" in line)
    print(paragraph)
    repair(copy, paragraph)
    assert known.plan().jobs <= copy.plan().jobs
    assert copy.result("data/dataset.safetensors").exists()
