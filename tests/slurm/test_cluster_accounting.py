"""A cluster with accounting: the literal command on the embedded experiment, and status queries with sacct.

The experiment has one of its three forget sets here: the 42 jobs of the others are of the same kinds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from checkout import Checkout
from slurm_cluster import Cluster, Run, frozen, submit, tables, tell, wait_for

from unlearnkit.artifacts.provenance import read_record
from unlearnkit.layout import provenance

ACCOUNTING = True
PROFILE = "profiles/slurm/config.v9+.yaml"
LEFT_OUT = (
    "  random_50: {kind: random, size: 50, seed: 0}\n",
    "  eights: {kind: subpopulation, label: 8, clusters: 3, pick: smallest}\n",
)
"""Lines of config.yaml."""


@pytest.fixture
def embedded(fresh: Checkout) -> Checkout:
    """A copy of the repository with one forget set in config.yaml."""
    for line in LEFT_OUT:
        fresh.edit("config.yaml", line, "")
    return fresh


def made_locally(checkout: Checkout) -> dict[str, bytes]:
    """Return the tables of config.yaml as a run without a cluster makes them."""
    outcome = checkout.run(sys.executable, "-m", "snakemake", "klom_all")
    assert outcome.status == 0, outcome.output
    return tables(checkout, "digits")


def test_the_literal_command(
    cluster: Cluster, embedded: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    local = embedded.copy(tmp_path / "local")
    run = Run(embedded, ["snakemake", "--profile", "slurm", "klom_all"], embedded.root / "run.log")
    victim = frozen(cluster, run, "unlearn")
    tell("scancel", victim.number)
    status = run.end()
    history = cluster.history()
    with capsys.disabled():
        print(f"\n$ snakemake --profile slurm klom_all      # job {victim.number} is cancelled once, to force a retry")
        print("\n".join(line[:180] for line in run.text.splitlines()))
        print(f"\n$ sacct      # attempt: how often the same rule and wildcards were submitted\n{history}")
    assert status == 0
    jobs = cluster.jobs(run.name)
    assert {job.node for job in jobs if job.state == "COMPLETED"} == {"n1", "n2"}
    assert [job.state for job in jobs if job.number == victim.number] == ["CANCELLED"]
    assert [job.state for job in jobs if job.rule == victim.rule and job.number != victim.number] == ["COMPLETED"]
    assert "status is: 'CANCELLED'" in run.text
    assert "Trying to restart job" in run.text
    made_by = read_record(provenance(f"{embedded.root}/results/digits/original/0000-0099.safetensors"))["machine"]
    assert [job.node for job in jobs if job.number == made_by["slurm_job"]] == [made_by["node"]]
    assert tables(embedded, "digits") == made_locally(local)


def test_sacct_account_and_qos(
    cluster: Cluster, fresh: Checkout, undisturbed: dict[str, bytes], show: Callable[[str, Run], None]
) -> None:
    fresh.edit(PROFILE, "# slurm_account: my_account", "slurm_account: lab")
    fresh.edit(PROFILE, "# qos: normal", "qos: batch")
    fresh.edit(PROFILE, "slurm-status-command: squeue", "slurm-status-command: sacct")
    run = submit(fresh)
    victim = frozen(cluster, run, "oracle")
    tell("scancel", victim.number)
    run.find("status is: 'CANCELLED'")  # sacct says "CANCELLED by 0"
    wait_for(lambda: cluster.running(run.name, "margins"), "a running margins job", run)
    cluster.kill("slurmdbd")
    run.find(r"SLURM does not answer \(sacct failed\)")
    cluster.start("slurmdbd")
    assert run.end() == 0, run.text
    show("sacct: scancel, then slurmdbd killed and started again", run)
    assert tables(fresh, "faults") == undisturbed
    charged = tell("sacct", "-X", "-n", "-P", "--name", run.name, "-o", "account,qos").split()
    assert set(charged) == {"lab|batch"}
    placed = tell("sacct", "-X", "-n", "-P", "--name", run.name, "-o", "partition,alloctres").split()
    assert {line.split("|")[0]: "gres/gpu=1" in line for line in placed} == {"gpu": True, "cpu": False}


def test_an_account_that_does_not_exist_is_told(
    cluster: Cluster, fresh: Checkout, show: Callable[[str, Run], None]
) -> None:
    fresh.edit(PROFILE, "# slurm_account: my_account", "slurm_account: nobody")
    run = submit(fresh)
    assert run.end() != 0
    show("an account that does not exist", run)
    assert "The given account nobody appears to be invalid" in run.text
    assert not cluster.jobs(run.name)
