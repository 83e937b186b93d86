"""What a run will have to do, and how long each of its jobs is predicted to take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unlearnkit import layout
from unlearnkit.config.load import load_experiment
from unlearnkit.planning.basis import Basis, farthest
from unlearnkit.planning.missing import MissingJob, Slots, gpu_slots, missing_jobs
from unlearnkit.planning.prediction import Predictor
from unlearnkit.planning.records import read_records


@dataclass(frozen=True)
class Forecast:
    """The jobs of a run by number; the predicted seconds of each and what these rest on; what the jobs share."""

    experiment: str
    jobs: Mapping[int, MissingJob]
    seconds: Mapping[int, float]
    basis: Mapping[int, Basis]
    slots: Slots


def forecast_of(config: Mapping[str, Any], jobs: Iterable[MissingJob], slots: Slots) -> Forecast:
    """Return the forecast for the jobs of an experiment, from the timing records below the logs.

    Raises UnlearnkitError where a record cannot be read or a plug-in states no cost, as `unlearnkit plan` does.
    """
    experiment = load_experiment(config)
    predictor = Predictor(experiment, read_records([Path(layout.LOGS)]), remote=slots.remote)
    numbered = {job.number: job for job in jobs}
    return Forecast(
        experiment=experiment.experiment,
        jobs=numbered,
        seconds={number: predictor.seconds(job) for number, job in numbered.items()},
        basis={number: farthest(predictor.estimates(job))[0] for number, job in numbered.items()},
        slots=slots,
    )


def forecast_of_run(workflow: Any) -> Forecast:
    """Return the forecast for the jobs that Snakemake's `workflow` is about to run, numbered as its log names them."""
    remote = not workflow.local_exec
    slots = Slots(
        cores=1 if remote else workflow.cores,
        jobs=workflow.nodes if remote else None,
        gpus=None if remote else gpu_slots(workflow),
        remote=remote,
    )
    return forecast_of(workflow.globals["config"], missing_jobs(workflow, remote=remote, by_jobid=True), slots)
