"""The plan: what is missing and its price, per stage and in total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unlearnkit.artifacts.machine import machine
from unlearnkit.config.load import load_experiment
from unlearnkit.planning.basis import Basis, farthest
from unlearnkit.planning.disk import download_bytes
from unlearnkit.planning.dry_run import DryRun
from unlearnkit.planning.memory import DeviceMemory, device_memory
from unlearnkit.planning.missing import MissingJob, stage_name
from unlearnkit.planning.prediction import Predictor
from unlearnkit.planning.published import Published, published
from unlearnkit.planning.records import Record
from unlearnkit.planning.schedule import elapsed

KINDS_OF_FILES = ("weights", "margins", "other")
HOUR = 3600.0


@dataclass(frozen=True)
class Stage:
    """Jobs of one rule, method and metric: how many, what they do, what they cost, and what that rests on.

    `models` are models trained or unlearned; `seconds` are wall time, summed over jobs, `core_seconds` each job's times
    its threads, which is CPU time only where nothing waits, `gpu_seconds` times its GPUs; `files` maps "weights",
    "margins" and "other" to bytes.
    """

    name: str
    jobs: int
    models: int
    sample_passes: float
    seconds: float
    core_seconds: float
    gpu_seconds: float
    files: dict[str, float]
    basis: Basis
    records: int


@dataclass(frozen=True)
class Plan:
    """All that `unlearnkit plan` says."""

    experiment: str
    samples: str
    found: DryRun
    stages: Sequence[Stage]
    total: Stage
    elapsed_seconds: float
    download_bytes: int
    memory: DeviceMemory | None
    records: int
    machine: dict[str, object]
    published: Published | None = None


def make_plan(found: DryRun, records: Sequence[Record]) -> Plan:
    """Return the plan for what a dry run found, priced from timing records."""
    experiment = load_experiment(found.config)
    predictor = Predictor(experiment, records, remote=found.slots.remote)
    stages: dict[str, list[MissingJob]] = {}
    for job in found.jobs:
        stages.setdefault(stage_name(job.rule, job.settings), []).append(job)
    seconds = {job.number: predictor.seconds(job) for job in found.jobs}
    fetched = published(experiment, found.jobs, predictor)
    return Plan(
        experiment=experiment.experiment,
        samples="sequence" if experiment.task == "text" else "sample",
        found=found,
        stages=[_priced(name, jobs, predictor) for name, jobs in stages.items()],
        total=_priced("total", found.jobs, predictor),
        elapsed_seconds=elapsed(found.jobs, seconds, found.slots, found.seconds) if found.jobs else 0.0,
        download_bytes=download_bytes(experiment, found.jobs) + (fetched.bytes if fetched else 0),
        memory=device_memory(experiment) if any("weights" in job.outputs for job in found.jobs) else None,
        records=len(records),
        machine=machine(),
        published=fetched,
    )


def _priced(name: str, jobs: Sequence[MissingJob], predictor: Predictor) -> Stage:
    workload = predictor.workload
    seconds = [predictor.seconds(job) for job in jobs]
    files = [predictor.disk.bytes_of(job) for job in jobs]
    basis, records = farthest(part for job in jobs for part in predictor.estimates(job))
    return Stage(
        name=name,
        jobs=len(jobs),
        models=sum(workload.models(job) for job in jobs if "weights" in job.outputs),
        sample_passes=sum(workload.passes(job) for job in jobs),
        seconds=sum(seconds),
        core_seconds=sum(duration * job.threads for duration, job in zip(seconds, jobs, strict=True)),
        gpu_seconds=sum(duration * job.gpus for duration, job in zip(seconds, jobs, strict=True)),
        files={kind: sum(count[kind] for count in files) for kind in KINDS_OF_FILES},
        basis=basis,
        records=records,
    )
