"""A repair of Snakemake's SLURM executor, which needs the programs of accounting and can wait for ever for ended jobs.

snakemake-executor-plugin-slurm (2.8.0) asks SLURM for the states of all its jobs at once. What it misreads, and what is
done here:

- No answer, while slurmctld or slurmdbd is away: it forgets its jobs and waits for them for ever (its issue 207). Here
  no answer means that nothing is known to have ended.
- A job that no answer lists any more, since slurmctld lost its state, or the job ended longer ago than SLURM remembers
  (MinJobAge) while Snakemake was suspended: it waits for ever. Here the job has failed after two minutes, so it is
  tried again.
- "CANCELLED by 1000", as sacct says it: it looks for "CANCELLED" and takes the job to be running. Here a state is its
  first word.
- "PREEMPTED": it takes the job to be running, also where SLURM will not start it again. Here it counts as a lost node:
  left to SLURM with `slurm-requeue`, tried again without.

To submit a job it runs sacct and sacctmgr, and where they are not installed it submits none. Here SLURM then chooses
the account, or takes the one that the profile names without a check.
"""

from __future__ import annotations

import functools
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import ModuleType
from typing import Any

from unlearnkit.errors import ConfigError

PROGRAMS = ("sbatch", "squeue", "scancel")
"""What the executor cannot do without."""

FORGOTTEN_AFTER = 120.0
"""Seconds of answers without a job after which it counts as lost; accounting may know a new job only after a while."""

States = dict[str, str]
Query = Callable[[str, Any], Awaitable[tuple[States | None, float | None]]]
"""(command, logger) -> (job id -> state, seconds), or (None, None) if the command failed."""
Check = Callable[[Any, Sequence[Any]], AsyncIterator[Any]]
"""(executor, active jobs) -> those that are still active."""


class Watch:
    """The executor's two functions, repaired, with what they know of each other: the last answer."""

    def __init__(self, forgotten_after: float = FORGOTTEN_AFTER, clock: Callable[[], float] = time.monotonic) -> None:
        self._forgotten_after, self._clock = forgotten_after, clock
        self._answer: States | None = None
        self._missing_since: dict[str, float] = {}

    def query(self, query: Query) -> Query:
        """Return a query that answers with no states where `query` fails, and with states that the executor knows."""

        @functools.wraps(query)
        async def patient_query(command: str, logger: Any) -> tuple[States, float]:
            states, seconds = await query(command, logger)
            if states is None:
                self._answer = None
                tool = command.split(maxsplit=1)[0]
                logger.warning(
                    f"SLURM does not answer ({tool} failed): jobs are left alone, and asked for again later."
                )
                return {}, 0.0
            self._answer = {job: _state(text) for job, text in states.items()}
            return self._answer, seconds or 0.0

        return patient_query

    def check(self, check: Check) -> Check:
        """Return a check that reports jobs as failed which SLURM has not listed for `forgotten_after` seconds."""

        @functools.wraps(check)
        async def watchful_check(executor: Any, active_jobs: Sequence[Any]) -> AsyncIterator[Any]:
            async for job in check(executor, active_jobs):
                if self._forgotten(job.external_jobid):
                    message = f"SLURM does not list job {job.external_jobid} any more; it counts as failed. "
                    executor.report_job_error(job, msg=message)
                else:
                    yield job

        return watchful_check

    def _forgotten(self, job: str) -> bool:
        if self._answer is None:
            return False
        listed = {name.split("_")[0] for name in self._answer}  # members of arrays by the array: 7_[1-4], 7_2
        if job.split("_")[0] in listed:
            self._missing_since.pop(job, None)
            return False
        since = self._missing_since.setdefault(job, self._clock())
        return self._clock() - since >= self._forgotten_after


def repair_executor(plugin: ModuleType | None) -> None:
    """Repair the installed executor; nothing happens if there is none, if it is another, or if it was done before."""
    query, executor = getattr(plugin, "query_job_status", None), getattr(plugin, "Executor", None)
    if plugin is None or query is None or executor is None or hasattr(query, "__wrapped__"):
        return
    watch = Watch()
    vars(plugin)["query_job_status"] = watch.query(query)
    executor.check_active_jobs = watch.check(executor.check_active_jobs)
    for name, answer in (("get_account", lambda _: None), ("validate_account", lambda account, _: account)):
        if hasattr(plugin, name):
            vars(plugin)[name] = _without_accounting(getattr(plugin, name), answer)


def refuse_without_slurm() -> None:
    """Raise ConfigError if the programs that submit jobs to SLURM and watch them are not on PATH."""
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        raise ConfigError(
            f"jobs are to go through SLURM, but {', '.join(missing)} cannot be found here",
            expected="a login node of the cluster, with the programs of SLURM on PATH",
            remedy="give the command there, or leave out --profile slurm to run on this machine",
        )


def _without_accounting(ask: Callable[..., Any], answer: Callable[..., Any]) -> Callable[..., Any]:
    """Return `ask`, which gives `answer` where the program that it runs is not installed."""

    @functools.wraps(ask)
    def asked(*arguments: Any) -> Any:
        try:
            return ask(*arguments)
        except FileNotFoundError:
            return answer(*arguments)

    return asked


def _state(text: str) -> str:
    word = text.split(maxsplit=1)[0] if text else text
    return "NODE_FAIL" if word == "PREEMPTED" else word
