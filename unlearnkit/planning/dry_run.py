"""What Snakemake would run: its own dry run, read from its job graph, never a second implementation of staleness.

Beside `missing`, which reads the job graph, this is the only module that knows Snakemake's inside: `parse_args` of its
command line, which merges profiles, and its Python API.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.cli import parse_args, parse_config
from snakemake.exceptions import ApiError, CliException, RuleException, WorkflowError
from snakemake.settings.enums import Quietness
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    ResourceSettings,
    StorageSettings,
)

from unlearnkit.artifacts.timing import process_seconds
from unlearnkit.config.reading import read_configuration
from unlearnkit.errors import UnlearnkitError
from unlearnkit.planning.missing import MissingJob, Slots, gpu_slots, missing_jobs, settings_of, stage_name
from unlearnkit.workflow.guards.studies import extended, replaced_beside

MANY = 10_000
REFUSALS = (WorkflowError, RuleException, ApiError, CliException, OSError, ValueError)
"""What Snakemake raises where the user has something to correct; not all of it is of its own classes."""


@dataclass(frozen=True)
class DryRun:
    """The missing jobs in the order of the rules, the merged configuration, what they share, and how long it took.

    `done` maps every stage (`stage_name`) to the number of its jobs whose outputs are there. `replaced` says what
    exists and is made again with other settings, `extended` which studies keep their trials. `seconds` is the age of
    this process: about what Snakemake needs before its first job, since it was loaded, read the workflow and built the
    graph.
    """

    jobs: Sequence[MissingJob]
    config: Mapping[str, Any]
    targets: Sequence[str]
    slots: Slots
    replaced: str
    extended: str
    seconds: float
    done: Mapping[str, int] = field(default_factory=dict)


def dry_run(arguments: Sequence[str]) -> DryRun:
    """Return what `snakemake <arguments>` would run in the current folder; targets that run nothing are left out.

    Raises UnlearnkitError, in the words of the configuration's own checks or in Snakemake's, if it would run nothing
    because the configuration, a target or an option is wrong.
    """
    with _silence():
        try:
            _, args = parse_args([*arguments, "--dry-run"])
            _refuse_options(args)
            workflow = _workflow(args)
        except REFUSALS as error:
            raise UnlearnkitError(str(error).strip()) from None
    needed = [*workflow.dag.needrun_jobs(exclude_finished=False)]
    return DryRun(
        jobs=list(missing_jobs(workflow, remote=_remote(args))),
        config=workflow.globals["config"],
        targets=[str(target) for target in args.targets] or ["all"],
        slots=Slots(
            cores=_cores(args),
            jobs=args.jobs if _remote(args) else None,
            gpus=None if _remote(args) else gpu_slots(workflow),
            remote=_remote(args),
        ),
        replaced=replaced_beside(needed),
        extended=extended(needed),
        seconds=process_seconds(),
        done=_done(workflow, {*needed}),
    )


def _done(workflow: Any, needed: Collection[Any]) -> dict[str, int]:
    """Return stage -> number of jobs that are not `needed`, of all stages in the order of the rules."""
    rank = {rule.name: position for position, rule in enumerate(workflow.rules)}
    counts: dict[str, int] = {}
    for job in sorted((job for job in workflow.dag.jobs if job.output), key=lambda job: rank[job.rule.name]):
        stage = stage_name(job.rule.name, settings_of(job))
        counts[stage] = counts.get(stage, 0) + (job not in needed)
    return counts


def _refuse_options(args: Any) -> None:
    """Raise UnlearnkitError for what Snakemake takes and fails on later, or refuses without the name of the file."""
    for option, number in (("cores", args.cores), ("jobs", args.jobs)):
        if isinstance(number, int) and number < 1:
            raise UnlearnkitError(f"--{option} is {number}", expected="a number of at least 1")
    read_configuration(args.configfile or [], args.config or [])


def _workflow(args: Any) -> Any:
    """Return Snakemake's workflow after a dry run that ends when the graph is complete."""
    # these two together end a dry run before its jobs are "scheduled" and printed one by one
    quiet = {Quietness.RULES, Quietness.PROGRESS}
    output = OutputSettings(dryrun=True, quiet=quiet)
    # no log file for a plan; Snakemake 9.0 does not know the setting
    if hasattr(output, "enable_file_logging"):
        output.enable_file_logging = False
    with SnakemakeApi(output) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(
                # a job gets no more threads than there are cores, except on other machines
                cores=MANY if _remote(args) else _cores(args),
                nodes=args.jobs,
                max_threads=args.max_threads,
                resources=args.resources,
                overwrite_threads=args.set_threads,
                overwrite_resources=args.set_resources,
                default_resources=args.default_resources,
            ),
            config_settings=ConfigSettings(
                config=parse_config(args.config), configfiles=args.configfile, config_args=args.config
            ),
            storage_settings=StorageSettings(shared_fs_usage=args.shared_fs_usage),
            snakefile=args.snakefile,
        )
        graph = workflow.dag(
            DAGSettings(
                targets=args.targets,
                forceall=args.forceall,
                force_incomplete=True,
                rerun_triggers=args.rerun_triggers,
                max_checksum_file_size=args.max_checksum_file_size,
            )
        )
        graph.execute_workflow(executor="dryrun")
        return workflow._workflow


def _remote(args: Any) -> bool:
    return args.executor not in (None, "local")


def _cores(args: Any) -> int:
    return args.cores or os.cpu_count() or 1


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep Snakemake's log and remarks off the terminal; its errors are exceptions, or words before it exits."""
    logging.disable(logging.CRITICAL)
    remarks = io.StringIO()
    try:
        with contextlib.redirect_stdout(remarks), contextlib.redirect_stderr(remarks):
            yield
    except SystemExit:
        print(remarks.getvalue(), file=sys.stderr)
        raise
    finally:
        logging.disable(logging.NOTSET)
