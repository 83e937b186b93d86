"""Faults on a real SLURM cluster: each ends with the tables of an undisturbed run."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest
from checkout import Checkout  # pyright: ignore[reportMissingImports]
from slurm_cluster import Cluster, Run, freeze, submit, tables, tell, thaw, wait_for

ACCOUNTING = False
Show = Callable[[str, Run], None]


def test_jobs_killed_by_time_memory_and_hand_are_tried_again(
    cluster: Cluster, fresh: Checkout, undisturbed: dict[str, bytes], show: Show
) -> None:
    growing = ["original:mem_mb=450*attempt", "oracle:runtime=attempt"]
    run = submit(fresh, "--set-resources", *growing)
    first = wait_for(lambda: cluster.running(run.name, "oracle oracle"), "a running oracle job", run)[0]
    freeze(first)
    second = wait_for(lambda: cluster.running(run.name, "oracle held"), "a running held-out oracle job", run)[0]
    tell("scancel", second.number)
    assert run.end() == 0, run.text
    show("jobs killed by memory limit, time limit and scancel", run)
    assert tables(fresh, "faults") == undisturbed
    states = {job.number: job.state for job in cluster.jobs(run.name)}
    assert states[first.number] == "TIMEOUT"
    assert states[second.number] == "CANCELLED"
    memory = [job for job in cluster.jobs(run.name) if job.rule.startswith("original")]
    assert [job.state for job in sorted(memory, key=lambda job: int(job.number))][0::99] == ["FAILED"]
    assert "Exceeded job memory limit" in run.text


def test_a_node_that_loses_power_and_one_that_is_set_down(
    cluster: Cluster, fresh: Checkout, undisturbed: dict[str, bytes], show: Show
) -> None:
    run = submit(fresh)
    lost = wait_for(lambda: cluster.running(run.name, "oracle"), "a running oracle job", run)[0]
    cluster.kill(lost.node)
    wait_for(lambda: "down" in tell("sinfo", "-h", "-n", lost.node, "-o", "%T"), "a node that is down")
    cluster.start(lost.node)
    withdrawn = wait_for(lambda: cluster.running(run.name, "margins"), "a running margins job", run)[0]
    tell("scontrol", "update", f"nodename={withdrawn.node}", "state=down", "reason=test")
    assert run.end() == 0, run.text
    show("a node that lost power, then one set down", run)
    assert tables(fresh, "faults") == undisturbed
    assert run.text.count("'NODE_FAIL'") >= 2


def test_slurmctld_is_killed_and_comes_back(
    cluster: Cluster, fresh: Checkout, undisturbed: dict[str, bytes], show: Show
) -> None:
    run = submit(fresh)
    kept = wait_for(lambda: cluster.running(run.name, "oracle"), "a running oracle job", run)[0]
    freeze(kept)
    time.sleep(7)  # slurmctld saves its state 5 s after a change
    cluster.kill("slurmctld")
    wait_for(lambda: run.text.count("SLURM does not answer") >= 2, "a second failed query", run)
    cluster.start("slurmctld")
    thaw(kept)
    assert run.end() == 0, run.text
    show("slurmctld killed and started again", run)
    assert tables(fresh, "faults") == undisturbed
    assert [job.state for job in cluster.jobs(run.name) if job.number == kept.number] == ["COMPLETED"]


def test_a_killed_snakemake_is_started_again(
    cluster: Cluster, fresh: Checkout, undisturbed: dict[str, bytes], show: Show
) -> None:
    first = submit(fresh)
    wait_for(lambda: cluster.running(first.name, "oracle"), "a running oracle job", first)
    first.signal(signal.SIGKILL)
    assert cluster.running(first.name), "the jobs of a killed Snakemake go on"

    refused = submit(fresh)
    assert refused.end() != 0
    assert "LockException" in refused.text
    assert "--unlock" in refused.text
    show("started again after kill -9", refused)

    # without scancel: old and new jobs write the same files
    assert submit(fresh, "--unlock").end() == 0
    second = submit(fresh)
    wait_for(lambda: cluster.running(second.name, "oracle"), "a running oracle job", second)
    second.signal(signal.SIGKILL)

    # as the documentation says
    tell("scancel", "--name", second.name)
    wait_for(lambda: not cluster.running(second.name), "no running job")
    assert submit(fresh, "--unlock").end() == 0
    last = submit(fresh)
    assert last.end() == 0, last.text
    show("started again after scancel and --unlock", last)
    assert tables(fresh, "faults") == undisturbed
    assert list(fresh.leftovers()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_an_interrupted_snakemake_leaves_no_job_behind(
    cluster: Cluster, fresh: Checkout, undisturbed: dict[str, bytes], show: Show, number: signal.Signals
) -> None:
    run = submit(fresh)
    wait_for(lambda: cluster.running(run.name, "oracle"), "a running oracle job", run)
    run.signal(number)
    assert run.end() != 0
    wait_for(lambda: not cluster.running(run.name), "no running job")
    states = {job.state for job in cluster.jobs(run.name)}
    if number is signal.SIGINT:
        assert "CANCELLED" in states
    else:  # SIGTERM waits for running jobs
        assert states == {"COMPLETED"}
    show(number.name, run)
    again = submit(fresh)
    assert again.end() == 0, again.text
    assert tables(fresh, "faults") == undisturbed
