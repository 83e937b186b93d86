"""Faults on a real SLURM cluster: every run ends with the tables of an undisturbed one, or says what to do and then does."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from checkout import Checkout  # pyright: ignore[reportMissingImports]
from conftest import tables
from slurm_cluster import Cluster, Run, freeze, tell, wait_for

ACCOUNTING = False
SETTINGS = ["--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10"]
"""A real cluster takes its time; the tests poll more often than the profile says."""


def submit(checkout: Checkout, *settings: str) -> Run:
    """Start klom_all of the faults experiment on the cluster."""
    logs = checkout.root / "logs"
    logs.mkdir(exist_ok=True)
    log = logs / f"run-{len(list(logs.glob('run-*')))}.log"
    command = ["snakemake", "klom_all", "--profile", "slurm", *SETTINGS, *settings, "--configfile", "faults.yaml"]
    return Run(checkout, command, log)


def say(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Show the user's view of a fault, which is the record that the documentation cites."""
    with capsys.disabled():
        print(f"\n{text}")


def test_jobs_killed_by_time_memory_and_hand_are_tried_again(
    cluster: Cluster, fresh: Checkout, undisturbed: dict[str, bytes]
) -> None:
    growing = ["original:mem_mb=200*attempt", "oracle:runtime=attempt"]
    run = submit(fresh, "--set-resources", *growing)
    first = wait_for(lambda: cluster.running(run.name, "oracle oracle"), "a running oracle job", run)[0]
    freeze(first)
    second = wait_for(lambda: cluster.running(run.name, "oracle held"), "a running held-out oracle job", run)[0]
    tell("scancel", second.number)
    assert run.end() == 0, run.text
    assert tables(fresh, "faults") == undisturbed
    states = {job.number: job.state for job in cluster.jobs(run.name)}
    assert states[first.number] == "TIMEOUT"
    assert states[second.number] == "CANCELLED"
    print(run.text, states)


def test_a_node_that_loses_power_and_one_that_is_set_down(
    cluster: Cluster, fresh: Checkout, undisturbed: dict[str, bytes]
) -> None:
    run = submit(fresh)
    lost = wait_for(lambda: cluster.running(run.name, "oracle"), "a running oracle job", run)[0]
    cluster.kill(lost.node)
    wait_for(lambda: "down" in tell("sinfo", "-h", "-n", lost.node, "-o", "%T"), "a node that is down")
    cluster.start(lost.node)
    withdrawn = wait_for(lambda: cluster.running(run.name, "margins"), "a running margins job", run)[0]
    tell("scontrol", "update", f"nodename={withdrawn.node}", "state=down", "reason=test")
    wait_for(lambda: cluster.running(run.name, "score"), "a score job", run)
    tell("scontrol", "update", f"nodename={withdrawn.node}", "state=resume")
    assert run.end() == 0, run.text
    assert tables(fresh, "faults") == undisturbed
    print(run.text, cluster.jobs(run.name), tell("scontrol", "show", "jobs"))
