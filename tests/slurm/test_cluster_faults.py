"""Faults on a real SLURM cluster: each ends with the tables of an undisturbed run."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from checkout import Checkout
from slurm_cluster import Cluster, Run, frozen, processes_of, submit, tables, tell, thaw, wait_for

ACCOUNTING = False
Show = Callable[[str, Run], None]


def test_jobs_killed_by_time_memory_and_hand_are_tried_again(
    cluster: Cluster, fresh: Checkout, undisturbed: dict[str, bytes], show: Show
) -> None:
    growing = ["original:mem_mb=450*attempt", "oracle:runtime=attempt"]
    run = submit(fresh, "--set-resources", *growing)
    hanging = frozen(cluster, run, "oracle oracle")
    assert {variables.get("CUDA_VISIBLE_DEVICES") for _, variables in processes_of(hanging)} <= {"0", "1"}
    cancelled = frozen(cluster, run, "margins")
    tell("scancel", cancelled.number)
    assert run.end() == 0, run.text
    show("jobs killed by memory limit, time limit and scancel", run)
    assert tables(fresh, "faults") == undisturbed
    states = {job.number: job.state for job in cluster.jobs(run.name)}
    assert states[hanging.number] == "TIMEOUT"
    assert states[cancelled.number] == "CANCELLED"
    originals = [job for job in cluster.jobs(run.name) if job.rule.startswith("original")]
    first, *_, last = (job.state for job in sorted(originals, key=lambda job: int(job.number)))
    assert (first, last) == ("FAILED", "COMPLETED")
    logs = (fresh.root / "logs/slurm/rule_original").rglob("*.log")
    assert any("Exceeded job memory limit" in log.read_text() for log in logs)


def test_nodes_and_the_controller_fail_under_a_run(
    cluster: Cluster, fresh: Checkout, undisturbed: dict[str, bytes], show: Show
) -> None:
    run = submit(fresh)
    lost = frozen(cluster, run, "oracle")
    cluster.kill(lost.node)
    run.find(f"'{lost.number}' failed due to a node failure, SLURM status is: 'NODE_FAIL'")
    cluster.start(lost.node)

    kept = frozen(cluster, run, "margins")
    time.sleep(7)  # slurmctld saves its state 5 s after a change
    cluster.kill("slurmctld")
    wait_for(lambda: run.text.count("SLURM does not answer") >= 2, "a second failed query", run)
    cluster.start("slurmctld")
    thaw(kept)
    wait_for(lambda: kept not in cluster.running(run.name), "an end of the job that was kept", run)

    withdrawn = frozen(cluster, run, "score")
    tell("scontrol", "update", f"nodename={withdrawn.node}", "state=down", "reason=test")
    thaw(withdrawn)  # so that it hears that it is to end
    assert run.end() == 0, run.text
    show("a node lost power, slurmctld was killed and started again, a node was set down", run)
    assert tables(fresh, "faults") == undisturbed
    states = {job.number: job.state for job in cluster.jobs(run.name)}
    assert (states[lost.number], states[kept.number], states[withdrawn.number]) == (
        "NODE_FAIL",
        "COMPLETED",
        "NODE_FAIL",
    )


def test_snakemake_is_interrupted_and_killed(
    cluster: Cluster, fresh: Checkout, undisturbed: dict[str, bytes], show: Show
) -> None:
    def start() -> Run:
        run = submit(fresh)
        wait_for(lambda: cluster.running(run.name), "a running job", run)
        return run

    interrupted = start()
    interrupted.signal(signal.SIGINT)
    assert interrupted.end() != 0
    wait_for(lambda: not cluster.running(interrupted.name), "no running job")
    assert "CANCELLED" in {job.state for job in cluster.jobs(interrupted.name)}
    show("SIGINT", interrupted)

    killed = start()
    killed.signal(signal.SIGKILL)
    assert cluster.running(killed.name), "the jobs of a killed Snakemake go on"

    # without scancel: old and new jobs write the same files
    doubled = start()
    assert "has left its lock, which is released now" in doubled.text
    show("started again after kill -9", doubled)
    doubled.signal(signal.SIGKILL)

    # as the documentation says
    tell("scancel", "--name", doubled.name)
    wait_for(lambda: not cluster.running(doubled.name), "no running job")
    asked_to_end = start()
    asked_to_end.signal(signal.SIGTERM)
    assert asked_to_end.end() != 0
    assert {job.state for job in cluster.jobs(asked_to_end.name)} == {"COMPLETED"}  # SIGTERM waits for running jobs
    show("SIGTERM", asked_to_end)

    last = submit(fresh)
    assert last.end() == 0, last.text
    assert tables(fresh, "faults") == undisturbed
    assert list(fresh.leftovers()) == []
