"""Models that are fetched from the hub: bytes to download, and what training them here would take instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from unlearnkit import layout
from unlearnkit.config.experiment import Experiment
from unlearnkit.facts.layouts import LAYOUTS
from unlearnkit.facts.layouts.pieces import Names
from unlearnkit.planning.missing import MissingJob
from unlearnkit.planning.prediction import Predictor
from unlearnkit.registry import ALWAYS_OBSERVED
from unlearnkit.workflow.graph import Graph

_NUMBER_BYTES = 4
_OURS_BYTES = 5
"""Of a margin in our own files, at most: a number, and whether the label is the first choice."""


@dataclass(frozen=True)
class Published:
    """What missing jobs fetch: models, bytes of the files, and the seconds of the jobs that would train them here.

    `bytes` counts a file once, whether or not the cache of the client has it; the seconds are those of all jobs, one
    after another.
    """

    models: int
    bytes: int
    training_seconds: float


def published(experiment: Experiment, jobs: Sequence[MissingJob], predictor: Predictor) -> Published | None:
    """Return what the missing jobs fetch and what it saves, None if they fetch nothing."""
    fetching = [job for job in jobs if "published" in job.settings]
    if not fetching:
        return None
    files = {path: size for job in fetching for path, size in _files(experiment, job, predictor)}
    shards = {(job.settings["role"], job.wildcards.get("forget_set", ""), job.wildcards["shard"]) for job in fetching}
    standing_in = [_instead(experiment, fetching[0], *shard) for shard in sorted(shards)]
    return Published(
        models=sum(len(layout.shard_indices(shard)) for _, _, shard in shards),
        bytes=sum(files.values()),
        training_seconds=sum(predictor.seconds(job) for pair in standing_in for job in pair),
    )


def _files(experiment: Experiment, job: MissingJob, predictor: Predictor) -> Iterator[tuple[str, int]]:
    """Yield (what names a file, bytes) of what a job fetches, bytes as shapes give them."""
    stated, models = job.settings["published"], layout.shard_indices(job.wildcards["shard"])
    folder = "/".join(map(str, (job.settings["role"], stated["forget_set"])))
    if "weights" in job.outputs:
        yield from ((f"{folder}/{model}", predictor.workload.model_size.state_bytes) for model in models)
    elif stated["layout"] not in LAYOUTS:
        yield f"{folder}/{job.wildcards['shard']}", _OURS_BYTES * predictor.workload.samples * len(models)
    else:
        names = Names(stated["data_set"], stated["model"], stated["epoch"])
        module, kind = LAYOUTS[stated["layout"]], stated["evaluated"]
        forgotten = predictor.workload.forget_size(job.wildcards["forget_set"]) if stated["forget_set"] else 0
        train = experiment.train_size
        rows = {"train": train, "retain": train - forgotten, "forget": forgotten}
        rows["validation"] = experiment.validation_size
        width = experiment.num_classes if kind == "logits" else 1
        count = module.MODELS.get(experiment.data.name, experiment.num_models)
        for piece in getattr(module, kind)(names, stated["forget_set"], models):
            of_file = count if piece.model is None else 1
            yield piece.path, _NUMBER_BYTES * rows[piece.rows] * width * of_file


def _instead(
    experiment: Experiment, like: MissingJob, role: str, forget_set: str, shard: str
) -> tuple[MissingJob, MissingJob]:
    """Return the jobs that would train the models of a shard and make their margins."""
    graph, execution = Graph(experiment), experiment.execution
    where = {"shard": shard, **({"forget_set": forget_set} if forget_set else {})}
    # Snakemake knows `auto` only on the machine that runs the jobs
    gpus = execution.gpus if isinstance(execution.gpus, int) else 0
    trained = replace(
        like,
        rule=role,
        wildcards=where,
        settings=graph.training_slice(role),
        outputs={"weights": ""},
        threads=execution.threads,
        gpus=gpus,
    )
    population = f"{role}/{forget_set}".rstrip("/")
    observed = replace(
        trained,
        rule=ALWAYS_OBSERVED,
        wildcards={"population": population, "shard": shard},
        settings=graph.margins_slice(),
        outputs={"margins": ""},
    )
    return trained, observed
