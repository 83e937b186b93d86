"""What the rules of training ask for and make in an experiment with language models."""

from __future__ import annotations

import json
import sys

import pytest
import yaml
from checkout import CONFIG, Checkout
from tiny_text import text_experiment

pytestmark = pytest.mark.workflow

JOBS = """
import json, sys
from unlearnkit.planning.dry_run import dry_run
jobs = dry_run(sys.argv[1:]).jobs
print(json.dumps([{"rule": j.rule, "threads": j.threads, "gpus": j.gpus, "outputs": j.outputs} for j in jobs]))
"""


def planned(copy: Checkout, *targets: str) -> dict[str, dict[str, object]]:
    """Rule -> threads, GPUs and outputs of one of its jobs."""
    outcome = copy.run(sys.executable, "-c", JOBS, *targets, "--configfile", CONFIG, "--cores", "16")
    assert outcome.status == 0, outcome.output
    return {job["rule"]: job for job in json.loads(outcome.output.splitlines()[-1])}


def test_training_jobs_ask_for_what_their_processes_need(fresh: Checkout) -> None:
    targets = [f"results/tiny/{name}/0000-0000.margins.parquet" for name in ("original", "oracle/some")]
    text_experiment(fresh, processes=3, gpus=1, threads=2)
    jobs = planned(fresh, *targets)
    for rule in ("original", "oracle"):
        assert (jobs[rule]["threads"], jobs[rule]["gpus"]) == (6, 3)
        assert {"weights", "provenance", "curves", "curves_provenance"} == set(jobs[rule]["outputs"])  # pyright: ignore
    assert (jobs["margins"]["threads"], jobs["margins"]["gpus"]) == (2, 1)
    text_experiment(fresh, processes=3)
    assert planned(fresh, *targets)["original"]["gpus"] == 0


@pytest.mark.slow
def test_images_leave_curves_too_and_refuse_the_settings_of_language_models(fresh: Checkout) -> None:
    target = "results/tiny/original/0000-0001.safetensors"
    outputs = {"weights", "provenance", "curves", "curves_provenance"}
    assert set(planned(fresh, target)["original"]["outputs"]) == outputs  # pyright: ignore
    fresh.configure({"execution": {"processes": 2, "compile": True}})
    outcome = fresh.snakemake("-n", target)
    assert outcome.status != 0
    for name in ("processes is 2", "compile is True"):
        assert f"execution.{name}, but digits holds images" in outcome.output


@pytest.mark.slow
def test_two_processes_through_the_workflow(fresh: Checkout) -> None:
    text_experiment(fresh, processes=2, sharding="full")
    settings = yaml.safe_load((fresh.root / CONFIG).read_text())
    settings["training"]["epochs"] = 1
    (fresh.root / CONFIG).write_text(yaml.safe_dump(settings))
    target = "results/tiny/original/0000-0000.safetensors"
    fresh.make("--cores", "2", target)
    log = (fresh.root / "logs/tiny/original/0000-0000.safetensors.log").read_text()
    assert "step 38/38" in log
    assert log.index("x processes 2), 38 steps per pass, 38 steps, ") < log.index("step 38/38")
    record = json.loads(fresh.result("original/0000-0000.curves.parquet.json").read_text())
    assert (record["steps"]["processes"], record["steps"]["steps"]) == (2, 38)
    assert list(fresh.leftovers()) == [] and not fresh.result("original/0000-0000.safetensors.resume").exists()
