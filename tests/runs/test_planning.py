"""`unlearnkit plan` on the tiny experiment: what Snakemake would run, no more and no less, and at what price."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from checkout import CONFIG, Checkout, Outcome

from unlearnkit.artifacts.timing import SUFFIX
from unlearnkit.planning.records import read_records

pytestmark = pytest.mark.workflow

TARGETS = {"all", "klom_all", "mia_all", "originals", "oracles", "unlearned", "report"}
"""Rules that run nothing."""


def command(copy: Checkout, *arguments: str) -> Outcome:
    """Run `unlearnkit plan` on the tiny experiment."""
    return copy.unlearnkit("plan", *arguments, "--configfile", CONFIG)


def planned(copy: Checkout, *arguments: str) -> dict[str, Any]:
    """Return the plan of the tiny experiment as JSON."""
    ended = command(copy, *arguments, "--json", "plan.json")
    assert ended.status == 0, ended.output
    return json.loads((copy.root / "plan.json").read_text())


def jobs_by_rule(plan: dict[str, Any]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for stage in plan["stages"]:
        counts[stage["stage"].split(" ")[0]] += stage["jobs"]
    return counts


def snakemakes(copy: Checkout, *arguments: str) -> dict[str, int]:
    return {rule: count for rule, count in copy.plan(*arguments).counts.items() if rule not in TARGETS}


MORE_TARGETS = [("klom_all",), ("oracles",), ("results/tiny/tables/cost.md",)]


@pytest.mark.parametrize("targets", [(), *(pytest.param(t, marks=pytest.mark.slow) for t in MORE_TARGETS)], ids=str)
def test_an_empty_folder_misses_what_snakemake_would_run(pristine: Checkout, targets: tuple[str, ...]) -> None:
    plan = planned(pristine, *targets)
    assert jobs_by_rule(plan) == snakemakes(pristine, *targets)
    assert plan["total"]["jobs"] == sum(stage["jobs"] for stage in plan["stages"])
    assert {stage["basis"] for stage in plan["stages"]} == {"assumed"}
    assert plan["targets"] == (list(targets) or ["all"])


def test_a_finished_experiment_misses_nothing(completed: Checkout) -> None:
    assert command(completed).output == "tiny: nothing is missing for all\n"
    plan = planned(completed)
    assert (plan["stages"], plan["total"]["jobs"], plan["elapsed_seconds"]) == ([], 0, 0)


@pytest.mark.slow
def test_only_what_depends_on_a_lost_file_is_missing(finished: Checkout) -> None:
    finished.result("oracle/nines/0002-0003.margins.parquet").unlink()
    plan = planned(finished)
    assert jobs_by_rule(plan) == snakemakes(finished)
    assert jobs_by_rule(plan)["margins"] == 1
    assert jobs_by_rule(plan)["oracle"] == jobs_by_rule(plan)["unlearn"] == 0


@pytest.mark.slow
def test_options_are_those_of_snakemake(finished: Checkout) -> None:
    more = ("--config", "num_models=6", "held_out_oracles=6", "--cores", "1")
    plan = planned(finished, *more)
    assert jobs_by_rule(plan) == snakemakes(finished, *more)
    assert plan["cores"] == 1
    assert planned(finished, "--forceall")["total"]["jobs"] == sum(snakemakes(finished, "--forceall").values())
    slurm = planned(finished, "--forceall", "--profile", "slurm")
    assert (slurm["cores"], slurm["jobs_at_once"]) == (None, 64)


@pytest.mark.slow
def test_a_plan_counts_with_the_gpu_slots_of_this_machine_and_not_with_them_on_a_cluster(pristine: Checkout) -> None:
    execution = "execution={local_gpus: [0, 1, 2, 3], jobs_per_gpu: 2}"
    plan = planned(pristine, "originals", "--config", execution)
    assert plan["gpus"] == 8
    assert plan["total"]["gpu_hours"] > 0
    assert planned(pristine, "originals", "--config", execution, "--profile", "slurm")["gpus"] is None


@pytest.mark.slow
def test_every_job_leaves_a_record_that_survives_its_results(finished: Checkout) -> None:
    finished.run("rm", "-r", "results")
    plan = planned(finished)
    assert plan["records"] == plan["total"]["jobs"] == sum(snakemakes(finished).values())
    assert {stage["basis"] for stage in plan["stages"]} == {"measured"}


@pytest.mark.slow
def test_records_of_another_folder_count(fresh: Checkout, completed: Checkout) -> None:
    records = str(completed.root / "logs")
    assert {stage["basis"] for stage in planned(fresh, "--records", records)["stages"]} == {"measured"}


def test_declared_work_and_size_are_what_jobs_recorded(finished: Checkout) -> None:
    plan = planned(finished, "--forceall")
    records = read_records([finished.root / "logs"])
    work: dict[str, float] = {}
    for record in records:
        for kind, (units, _) in record.work.items():
            work[kind] = work.get(kind, 0.0) + units
    assert plan["total"]["sample_passes"] == pytest.approx(work["training"] + work["margins"] / 3, abs=1)
    scored = {record.settings["metric"]: record for record in records if record.rule == "score"}
    assert all(record.work["scoring"][0] > 0 for record in scored.values())
    assert plan["total"]["models"] == sum(record.facts["models"] for record in records if "weights" in record.outputs)
    # a weight file holds a header beside the declared bytes
    written = sum(record.outputs.get("weights", 0) for record in records)
    declared = plan["total"]["disk_bytes"]["weights"]
    assert declared < written < 2 * declared
    assert plan["total"]["disk_bytes"]["margins"] == pytest.approx(
        sum(record.outputs["margins"] for record in records if "margins" in record.work), rel=1e-6
    )


def test_a_record_lies_beside_every_log(completed: Checkout) -> None:
    logs = set((completed.root / "logs" / "tiny").rglob("*.log"))
    assert logs == {Path(str(path).removesuffix(SUFFIX)) for path in (completed.root / "logs").rglob(f"*{SUFFIX}")}


def test_the_table_says_what_it_rests_on(completed: Checkout) -> None:
    text = command(completed, "klom_all", "--forceall").output
    assert text.startswith("tiny: missing for klom_all\n")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({len(row) for row in rows}) == 1
    assert any(row.startswith("| unlearn scrub") and row.endswith("records |") for row in rows)
    assert [line.split(":")[0] for line in text.splitlines()[-4:]] == ["Elapsed", "Disk", "Download", "Records"]


@pytest.mark.slow
def test_missing_raw_data_is_a_download(fresh: Checkout) -> None:
    mnist = ("--config", "data={name: mnist, train_size: 200, validation_size: 60}")
    assert planned(fresh, *mnist)["download_bytes"] == 11_594_722
    raw = fresh.root / "data/MNIST/raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte.gz").touch()
    assert planned(fresh, *mnist)["download_bytes"] == 0
    assert planned(fresh)["download_bytes"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--config", "seed=-1"), "error: seed is -1; expected a whole number, at least 0.\n"),
        (("nosuch",), "error: 'nosuch' is not a target of the experiment tiny; expected all, "),
        pytest.param(("--cores", "some"), "error: Error parsing number of cores", marks=pytest.mark.slow),
        (("--cores", "-3"), "error: --cores is -3; expected a number of at least 1"),
        (("--json", "nowhere/plan.json"), "error: cannot write nowhere/plan.json"),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                (("--json", "klom_all"), "error: --json klom_all names no JSON file; expected FILE.json"),
                (("--records", "nowhere"), "error: --records nowhere is not a folder"),
                (("--configfile", "nowhere.yaml"), "error: nowhere.yaml cannot be read: No such file or directory"),
            )
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_the_user_can_correct_is_one_paragraph(pristine: Checkout, arguments: tuple[str, ...], said: str) -> None:
    configured = () if "--configfile" in arguments else ("--configfile", CONFIG)
    ended = pristine.unlearnkit("plan", *arguments, *configured)
    assert ended.status == 1
    assert said in ended.output
    assert "Traceback" not in ended.output


def test_planning_imports_no_torch(completed: Checkout) -> None:
    program = (
        "import sys; from unlearnkit.__main__ import main\n"
        f"assert main(['plan', '--forceall', '--configfile', '{CONFIG}']) == 0\n"
        "print([name for name in ('torch', 'torchvision', 'sklearn', 'matplotlib', 'scipy') if name in sys.modules])"
    )
    assert completed.run(sys.executable, "-c", program).output.splitlines()[-1] == "[]"
