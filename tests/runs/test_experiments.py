"""The files in experiments/: each can be planned, and each that has an overlay in experiments/smoke runs with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from checkout import Checkout

from unlearnkit.artifacts.tables import read_table
from unlearnkit.config.experiment import Experiment
from unlearnkit.config.load import load_experiment
from unlearnkit.config.reading import merged, read_yaml
from unlearnkit.workflow.graph import Graph

pytestmark = pytest.mark.workflow

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"
NAMES = sorted(path.stem for path in EXPERIMENTS.glob("*.yaml"))
OVERLAYS = sorted(path.stem for path in EXPERIMENTS.glob("smoke/*.yaml"))
PLANNED = {"durability_digits", "village"}
"""What `make test` plans; `make test-full` plans all that are not ALIKE."""

ALIKE = [f"deep_unlearn_{data}" for data in ("mnist", "fashion_mnist", "cifar10", "cifar100", "utkface")]
"""One protocol on several data sets, for two models: the first is planned, and the others have the same graph."""

KIN = {
    *("tofu_phi15", "tofu_qwen25_15b", "lora_idk_ap"),
    *("icu_gpt_neo_13b", "icu_gpt_neo_27b", "icu_opt_125m", "icu_smollm2"),
}
"""Experiments on text that differ from those that are planned in their settings alone."""

QUICK = {"easydub_living17"}
"""What `make test-full` runs, with nothing to fetch; `make test-smoke` runs all that have an overlay."""

ELSEWHERE = {"cifar10", "mnist", "fashion_mnist", "extraction_targets"}
"""Data sets whose raw files are not in a dependency."""

GIVEN = {"wmdp_bio": "originals.path is", "wmdp_cyber": "originals.path is", "muse_books": "model.source.folder is"}
"""Experiments that start from files of the user's, which overlays do without, and what is said if they are missing."""

FEWER_METHODS = {"muse_books", "muse_news"}
"""Every forget set times every method would take a CPU a quarter of an hour; those left out run in other overlays."""


def small(name: str) -> Experiment:
    return load_experiment(merged(*(read_yaml(EXPERIMENTS / f"{folder}{name}.yaml") for folder in ("", "smoke/"))))


def files_of(name: str) -> tuple[str, str]:
    return f"experiments/{name}.yaml", f"experiments/smoke/{name}.yaml"


@pytest.mark.parametrize(
    "name",
    [n if n in PLANNED else pytest.param(n, marks=pytest.mark.slow) for n in NAMES if n not in {*ALIKE[1:], *KIN}],
)
def test_every_experiment_can_be_planned(name: str, pristine: Checkout) -> None:
    command = ("-m", "snakemake", "-n", "--quiet", "rules", "--configfile", f"experiments/{name}.yaml")
    outcome = pristine.run(sys.executable, *command)
    if name in GIVEN:
        assert outcome.status == 1 and GIVEN[name] in outcome.output
        outcome = pristine.run(sys.executable, *command, f"experiments/smoke/{name}.yaml")
    assert outcome.status == 0, outcome.output


def graph(name: str, **changes: Any) -> Graph:
    return Graph(load_experiment(merged(read_yaml(EXPERIMENTS / f"{name}.yaml"), changes)))


def results(graph: Graph) -> list[str]:
    """Return all results of an experiment, named from its folder."""
    folder = f"results/{graph.experiment.experiment}/"
    return [path.removeprefix(folder) for path in graph.results(*graph.metrics)]


@pytest.mark.parametrize("changes", [{}, {"experiment": "with_their_other_model", "model": {"name": "tiny_vit"}}])
@pytest.mark.parametrize("name", ALIKE)
def test_deep_unlearns_experiments_have_the_same_graph(name: str, changes: dict[str, Any]) -> None:
    assert results(graph(name, **changes)) == results(graph(ALIKE[0]))


@pytest.mark.slow
def test_an_experiment_can_be_planned_with_another_model_from_the_command_line(pristine: Checkout) -> None:
    # as the comments of the files say
    settings = ("--config", f"experiment={ALIKE[0]}_vit", "model={name: tiny_vit}")
    command = ("-m", "snakemake", "-n", "--quiet", "rules", "--configfile", f"experiments/{ALIKE[0]}.yaml", *settings)
    outcome = pristine.run(sys.executable, *command)
    assert outcome.status == 0, outcome.output


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_keeps_the_model_and_every_method(name: str) -> None:
    whole, toy = load_experiment(read_yaml(EXPERIMENTS / f"{name}.yaml")), small(name)
    assert toy.experiment == f"{whole.experiment}_smoke"
    assert toy.model.name == whole.model.name
    if whole.task == "image":  # a language model of published size does not fit a toy
        assert toy.model_settings == whole.model_settings and toy.data.split == whole.data.split
    methods, kept = ({v.method for v in own.variants.values()} for own in (whole, toy))
    assert kept < methods if name in FEWER_METHODS else kept == methods
    assert toy.metric_settings.keys() == whole.metric_settings.keys()
    assert (toy.execution.device, toy.execution.gpus) == ("cpu", 0)
    assert toy.train_size <= 100 and toy.num_models <= 4


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in QUICK else pytest.mark.by_name) for name in OVERLAYS]
)
def test_a_smoke_run_ends_in_tables_and_a_page(name: str, fresh: Checkout, request: pytest.FixtureRequest) -> None:
    toy = small(name)
    needs_files = toy.data.name in ELSEWHERE
    root = ["--config", f"data={{root: {request.getfixturevalue('shared_data')}}}"] if needs_files else []
    outcome = fresh.run(sys.executable, "-m", "snakemake", "--configfile", *files_of(name), *root)
    assert outcome.status == 0, outcome.output
    results = fresh.root / "results" / toy.experiment
    assert (results / "report/index.html").is_file()
    for metric in toy.metric_settings:
        rows: list[dict[str, Any]] = read_table(results / f"tables/{metric}.parquet")[0].to_pylist()
        assert {row["candidate"] for row in rows} == {"original", "oracle", *toy.variants}
        assert ("test" in {row["split"] for row in rows}) == (toy.test_size > 0)


@pytest.mark.by_name
def test_the_village_shows_what_its_originals_know(fresh: Checkout) -> None:
    words = ("margin_distance_all", "--configfile", "experiments/village.yaml")
    outcome = fresh.run(sys.executable, "-m", "snakemake", *words)
    assert outcome.status == 0, outcome.output
    rows = read_table(fresh.root / "results/village/tables/margin_distance.parquet")[0].to_pylist()
    on_forget = {row["candidate"]: row for row in rows if (row["measure"], row["split"]) == ("wasserstein", "forget")}
    original, oracle = on_forget["original"], on_forget["oracle"]
    assert (original["floor_mean"], original["floor_p95"]) == (oracle["mean"], oracle["p95"])
    # docs/language-results.md: 1.80 against 0.15
    assert original["p95"] > 5 * oracle["p95"]
    assert original["p95_models_low"] > oracle["p95_models_high"]
    told = f"mean {oracle['mean']:.3f}, p95 {oracle['p95']:.3f}; originals mean {original['mean']:.3f}"
    assert f"floor (oracles against other oracles) {told}" in outcome.output
