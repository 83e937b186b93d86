"""Elapsed time is that of a list schedule: order of the graph, cores, GPUs, and Snakemake's own time per job."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from unlearnkit.planning.assumptions import REMOTE_SECONDS_PER_JOB, SECONDS_PER_JOB
from unlearnkit.planning.missing import MissingJob, Slots
from unlearnkit.planning.schedule import elapsed

JobOf = Callable[..., MissingJob]
ONE, TWO = Slots(1, None, None, remote=False), Slots(2, None, None, remote=False)


@pytest.fixture
def independent(job_of: JobOf) -> list[MissingJob]:
    """Four jobs that wait for nothing."""
    return [job_of(number=number) for number in range(4)]


def test_one_core_takes_one_job_after_another(independent: list[MissingJob]) -> None:
    assert elapsed(independent, dict.fromkeys(range(4), 10.0), ONE, 2.0) == pytest.approx(
        2 + 4 * (10 + SECONDS_PER_JOB)
    )


def test_two_cores_take_two_at_once(independent: list[MissingJob]) -> None:
    # the second job starts one SECONDS_PER_JOB after the first
    ends = elapsed(independent, dict.fromkeys(range(4), 10.0), TWO, 0.0)
    assert ends == pytest.approx(20 + 3 * SECONDS_PER_JOB)


def test_a_job_waits_for_what_it_needs(job_of: JobOf) -> None:
    chain = [job_of(number=number, needs=frozenset(range(number))) for number in range(3)]
    assert elapsed(chain, {0: 1.0, 1: 2.0, 2: 3.0}, TWO, 0.0) == pytest.approx(6 + 3 * SECONDS_PER_JOB)


def test_jobs_that_ask_for_a_gpu_take_turns(job_of: JobOf) -> None:
    jobs = [job_of(number=number, gpus=1) for number in range(2)]
    times = dict.fromkeys(range(2), 10.0)
    assert elapsed(jobs, times, Slots(8, None, 1, remote=False), 0.0) == pytest.approx(20 + 2 * SECONDS_PER_JOB)
    assert elapsed(jobs, times, Slots(8, None, None, remote=False), 0.0) == pytest.approx(10 + 2 * SECONDS_PER_JOB)


def test_a_job_with_more_threads_than_cores_still_runs(job_of: JobOf) -> None:
    assert elapsed([job_of(threads=64)], {0: 1.0}, TWO, 0.0) == pytest.approx(1 + SECONDS_PER_JOB)


def test_a_cluster_runs_as_many_as_may_be_in_flight(independent: list[MissingJob], job_of: JobOf) -> None:
    away = [job_of(number=number, local=False, threads=8, gpus=1) for number in range(4)]
    cluster = Slots(1, 2, None, remote=True)
    ends = elapsed(away, dict.fromkeys(range(4), 10.0), cluster, 0.0)
    assert ends == pytest.approx(2 * (10 + REMOTE_SECONDS_PER_JOB) + 3 * SECONDS_PER_JOB)
    # local rules stay on the machine that Snakemake runs on
    assert elapsed(independent, dict.fromkeys(range(4), 10.0), cluster, 0.0) > 40
