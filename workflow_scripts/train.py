"""Rules original, oracle and pool: train the models of one shard, write their weights and learning curves."""

import dataclasses

from unlearnkit.artifacts.base import on_base
from unlearnkit.artifacts.curves import write_curves
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.membership import read_membership
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.weights import write_weights
from unlearnkit.config.execution import Execution
from unlearnkit.data.images.batches import retain_set
from unlearnkit.data.rows_by_model import rows_by_model
from unlearnkit.layout import shard_indices
from unlearnkit.registry import task_of_model
from unlearnkit.training.observer import EpochCurves
from unlearnkit.training.originals import train_shard
from unlearnkit.training.setup import describe, task_for, worker_for

params, inputs, output = snakemake.params, snakemake.input, snakemake.output

with job_of(snakemake) as running:
    resume = ResumeFolder(output.weights, running.key)
    running.timing.state(resumed=resume.folder.exists())
    model, base = params.settings["model"], inputs.get("base", ())
    settings = {**params.settings, "model": on_base(model, base, snakemake.config["model"])}
    execution = Execution.model_validate(snakemake.config.get("execution", {}))
    observer = EpochCurves(resume)
    worker = worker_for(execution, snakemake.threads, resume, lambda text: running.report(observer.said(text)))
    if output.get("curves"):
        worker = dataclasses.replace(worker, observer=observer)
    kind = task_of_model(settings["model"]["name"])
    dataset = kind.read(inputs.dataset)
    models = shard_indices(snakemake.wildcards.shard)
    if inputs.get("membership"):
        rows = rows_by_model(read_membership(inputs.membership, len(models), dataset.train_size).kept)
    else:
        rows = retain_set(dataset.train_size, read_array(inputs.forget_set) if inputs.get("forget_set") else None)
    task = task_for(dataset, settings["model"], settings["seed"], worker.device)
    recipe = kind.RECIPE.model_validate(settings["training"])
    with running.timing.measure("training") as work:
        if execution.processes > 1:
            part = kind.Part(inputs.dataset, inputs.get("forget_set"), settings, snakemake.wildcards.shard)
            kind.train_in_processes(part, execution, snakemake.threads, resume, running.report)
        role = settings["role"]
        result = train_shard(task, recipe, rows, role=role, model_indices=models, worker=worker)
        work.units = result.all_passes
    if output.get("curves"):
        # before the weights: weights without curves are those of versions that wrote none
        write_curves(output.curves, result.curves or observer.curves(models))
        counted = (task.source, recipe, rows, execution.micro_batch_size, execution.processes)
        running.record(output.curves, **({"steps": kind.arithmetic(*counted).facts()} if result.curves else {}))
    write_weights(output.weights, result.states, {"role": settings["role"]})
    running.record(output.weights, **result.cost(), **describe(worker.device))
    running.timing.state(models=len(models), **task.architecture.shape)
    resume.discard()
