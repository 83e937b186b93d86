"""What a command asks for is checked before anything is planned: targets, and options that would mix two recipes."""

from __future__ import annotations

import sys
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkout import Checkout

from unlearnkit.config.load import load_experiment
from unlearnkit.errors import UnlearnkitError
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.guards.asked import Asked
from unlearnkit.workflow.guards.targets import refuse_unknown

pytestmark = pytest.mark.workflow

RULES = ("all", "originals", "klom_all", "mia_all", "margin_distance_all")


def refusal(repository: Path, target: str, **changes: Any) -> str:
    """Return how a target of the tiny experiment is refused, "" if it is not."""
    configuration = yaml.safe_load((repository / "tests/runs/tiny.yaml").read_text()) | changes
    asked = Asked([target], [], [*RULES, "score"], RULES, parameters_compared=True)
    try:
        refuse_unknown(asked, Graph(load_experiment(configuration)), configuration)
    except UnlearnkitError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("target", "nearest"),
    [
        ("klom_al", "'klom_all'"),
        ("origials", "'originals'"),
        ("results/tiny/scores/klom/nines/scrib.parquet", "'scrub'"),
        ("results/tiny/scores/klon/nines/scrub.parquet", "'klom'"),
        ("results/tiny/unlearned/nine/scrub/0000-0001.safetensors", "'nines'"),
        ("results/tiny/original/0000-0011.safetensors", "'0000-0001'"),
        ("results/tiny/held_out_oracle/nines/0000-0011.margins.parquet.json", "'0000-0001'"),
        ("results/tiny/figures/nines/klom_tradeoff.svg", "'klom_trade_off'"),
        ("results/tiny/tabels/klom.md", "'results/tiny/tables/klom.md'"),
        ("results/tinny/tables/klom.md", "'results/tiny/tables/klom.md'"),
    ],
)
def test_a_typo_in_a_target_gets_the_nearest_name(repository: Path, target: str, nearest: str) -> None:
    told = refusal(repository, target)
    assert f"'{target}' is no" in told
    assert f"Did you mean {nearest}?" in told
    assert "\n" not in told


@pytest.mark.parametrize(
    "target",
    [
        "klom_all",
        "margin_distance_all",
        "./results/tiny/tables/margin_distance.csv",
        "results/tiny/summaries/klom/nines/scrub.parquet",
        "results/tiny/oracle/nines/0000-0001.safetensors.json",
        "results/tiny/report/index.html",
    ],
)
def test_what_can_be_made_is_a_target(repository: Path, target: str) -> None:
    assert refusal(repository, target) == ""


def test_a_folder_and_an_absolute_path_are_no_targets(repository: Path) -> None:
    assert "'tests/runs' is not a target" in refusal(repository, "tests/runs")
    target = "results/tiny/tables/klom.md"
    refused = refusal(repository, str(Path.cwd() / target))
    assert "is not a target" in refused
    assert f"Did you mean '{target}'?" in refused


def test_targets_of_metrics_are_listed_by_their_pattern(repository: Path) -> None:
    refused = refusal(repository, "klom_al")
    assert "expected all, originals, METRIC_all, or the path" in refused
    assert "Did you mean 'klom_all'?" in refused


def test_a_rule_of_many_files_is_no_target(repository: Path) -> None:
    assert "'score' is not a target" in refusal(repository, "score")


def test_a_metric_that_is_not_configured_is_checked_when_it_is_asked_for(repository: Path) -> None:
    told = refusal(
        repository, "klom_all", metrics={"mia": {}}, held_out_oracles=0, methods={"scrub": {"method": "scrub"}}
    )
    assert "held_out_oracles is 0" in told
    assert "metrics.klom" in told


@pytest.mark.slow
def test_what_would_mix_two_recipes_is_refused(finished: Checkout) -> None:
    finished.configure({"training.lr": 0.2, "methods.fine_tune": {"method": "fine_tune", "epochs": 1}})
    for arguments in (["-n", "--rerun-triggers", "mtime"], ["--touch"]):
        refused = finished.snakemake(*arguments)
        assert refused.status != 0
        assert (
            "results/tiny/original/0000-0001.safetensors was made with other settings (training.lr 0.1 -> 0.2)"
            in refused.output
        )
        assert "Leave out --touch or --rerun-triggers" in refused.output
    # nothing is taken as it is
    assert finished.plan("--rerun-triggers", "mtime", "--forceall").counts["original"] == 2
    # a method more makes tables, figures and page again, and mixes nothing
    finished.configure({"training.lr": 0.1})
    assert finished.plan("--rerun-triggers", "mtime").counts["unlearn"] == 4


@pytest.mark.slow
def test_what_a_run_replaces_is_said_before(finished: Checkout) -> None:
    planned = finished.unlearnkit("plan", "--configfile", "tiny.yaml", "--config", "seed=1")
    assert "This run replaces artifacts that were made with other settings or code (seed 0 -> 1): " in planned.output
    assert "2 of originals" in planned.output
    named = finished.unlearnkit("plan", "--configfile", "tiny.yaml", "--config", "seed=1", "experiment=other")
    assert "replaces" not in named.output
    target = "results/tiny/original/0000-0001.safetensors"
    ran = finished.run(*finished.command(target), "--config", "seed=1")
    assert ran.status == 0, ran.output
    assert "settings or code (seed 0 -> 1): 1 of curves, 1 of originals. To keep them" in ran.output


def test_a_name_on_the_command_line_goes_over_the_default_configuration(pristine: Checkout) -> None:
    planned = pristine.run(
        sys.executable, "-m", "snakemake", "-n", "results/mine/tables/klom.md", "--config", "experiment=mine", "seed=1"
    )
    assert planned.status == 0, planned.output
    assert planned.counts["unlearn"] > 0


@pytest.mark.parametrize("path", ["idx/a{x}.npy"])
def test_an_index_file_with_braces_is_refused_in_one_paragraph(fresh: Checkout, path: str) -> None:
    (fresh.root / path).parent.mkdir()
    (fresh.root / path).write_bytes(b"")
    fresh.configure({"forget_sets.nines": {"kind": "file", "file": path}})
    refused = fresh.snakemake("-n")
    assert refused.status != 0
    assert f"the path '{path}' contains a brace" in refused.output


def test_a_checkout_with_braces_is_refused_in_one_paragraph(pristine: Checkout, tmp_path: Path) -> None:
    refused = pristine.copy(tmp_path / "a{b}").snakemake("-n")
    assert refused.status != 0
    assert "a{b}/workflow_scripts' contains a brace" in refused.output
    assert "Traceback" not in refused.output


@pytest.mark.slow
def test_an_output_without_a_record_of_snakemakes_hides_no_change(finished: Checkout) -> None:
    """As after an upgrade that added an output to a rule."""
    added = "results/tiny/data/rows.parquet"
    for name in (added, f"{added}.json"):
        (finished.root / name).unlink()
        (finished.root / ".snakemake/metadata" / urlsafe_b64encode(name.encode()).decode()).unlink()
    target = "results/tiny/original/0000-0001.safetensors"
    assert not finished.plan(target).counts
    finished.configure({"data.validation_size": 50})
    assert finished.plan(target).counts["dataset"] == 1
