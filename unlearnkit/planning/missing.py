"""The jobs that Snakemake's graph has to run: what each is, and what they share.

Beside `dry_run`, this is the only module that knows Snakemake's inside: the job graph and its marks of unfinished jobs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unlearnkit.workflow.guards.studies import kept_trials


@dataclass(frozen=True, eq=False)
class MissingJob:
    """A job that Snakemake would run.

    `needs` are the numbers of missing jobs that must end before it, `kept` the trials of a study that it need not run.
    `begun` is when Snakemake started or submitted it, in seconds of the epoch, if it has not noted an end since.
    """

    number: int
    rule: str
    wildcards: Mapping[str, str]
    settings: Mapping[str, Any]
    outputs: Mapping[str, str]
    threads: int
    gpus: int
    local: bool
    needs: frozenset[int]
    kept: int = 0
    log: str = ""
    begun: float | None = None


@dataclass(frozen=True)
class Slots:
    """What jobs share: cores and GPU slots here or, with a `remote` executor, jobs in flight (None: no limit)."""

    cores: int
    jobs: int | None
    gpus: int | None
    remote: bool


def missing_jobs(workflow: Any, *, remote: bool, by_jobid: bool = False) -> Iterator[MissingJob]:
    """Yield the missing jobs in the order of the rules, those of one rule in the order of their outputs.

    They are numbered in this order, or as Snakemake's log names them (`by_jobid`).
    """
    graph, rank = workflow.dag, {rule.name: position for position, rule in enumerate(workflow.rules)}
    unordered = graph.needrun_jobs(exclude_finished=False)
    jobs = sorted(unordered, key=lambda job: (rank[job.rule.name], [str(path) for path in job.output]))
    number = {job: job.jobid if by_jobid else position for position, job in enumerate(jobs)}
    kept = kept_trials(jobs)
    for job in jobs:
        if job.output:
            yield MissingJob(
                number=number[job],
                rule=job.rule.name,
                wildcards=dict(job.wildcards_dict),
                settings=settings_of(job),
                outputs={name or str(path): str(path) for name, path in job.output._allitems()},
                threads=job.threads,
                gpus=int(job.resources.get("gpu", 0)),
                local=not remote or job.rule.name in workflow._localrules,
                needs=frozenset(number[other] for other in graph.dependencies[job] if other in number),
                kept=kept.get(job, 0),
                log=str(next(iter(job.log), "")),
                begun=_begun(workflow.persistence, job),
            )


def stage_name(rule: str, settings: Mapping[str, Any]) -> str:
    """Return the stage that a job belongs to: its rule, with the method or metric where it has one."""
    what = settings.get("method") or settings.get("metric")
    return f"{rule} {what}" if what else rule


def gpu_slots(workflow: Any) -> int | None:
    """Return how many GPU slots the jobs of a workflow share, None if there is no limit."""
    gpus = workflow.global_resources.get("gpu")
    # a number in Snakemake 9.0, an object that holds one later
    gpus = getattr(gpus, "value", gpus)
    return None if gpus is None else int(gpus)


def settings_of(job: Any) -> Mapping[str, Any]:
    """Return the settings that Snakemake's job has as a parameter, nothing if it has none."""
    return getattr(job.params, "settings", {})


def _begun(persistence: Any, job: Any) -> float | None:
    """Return when the mark was set that Snakemake keeps while a job is under way; None if there is none to be found."""
    path_of, folder = getattr(persistence, "_record_path", None), getattr(persistence, "_incomplete_path", None)
    if path_of is None or folder is None:
        return None
    try:
        return Path(path_of(folder, persistence._get_key(job.output[0]))).stat().st_mtime
    except OSError:
        return None
