"""Rule datamodel: train the models of one shard on random subsets and write their outputs on all samples."""

from unlearnkit.artifacts.attribution import write_outputs
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.membership import read_membership
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.attribution.subsets import outputs_of_models
from unlearnkit.config.execution import Execution
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.dataset_file import read_image_set
from unlearnkit.data.rows_by_model import rows_by_model
from unlearnkit.layout import shard_indices
from unlearnkit.training.originals import train_shard
from unlearnkit.training.setup import describe, task_for, worker_for

params, inputs, output, names = snakemake.params, snakemake.input, snakemake.output, snakemake.wildcards
settings = params.settings

with job_of(snakemake) as running:
    resume = ResumeFolder(output.outputs, running.key)
    running.timing.state(resumed=resume.folder.exists())
    execution = Execution.model_validate(snakemake.config.get("execution", {}))
    worker = worker_for(execution, snakemake.threads, resume, running.report)
    image_set = read_image_set(inputs.dataset)
    task = task_for(image_set, settings["model"], settings["seed"], worker.device)
    models = shard_indices(names.shard)
    included = read_membership(inputs.membership, len(models), image_set.train_size).member
    with running.timing.measure("training") as work:
        recipe = Recipe.model_validate(settings["training"])
        result = train_shard(
            task, recipe, rows_by_model(included), role=settings["role"], model_indices=models, worker=worker
        )
        work.units = result.all_passes
    with running.timing.measure("margins", len(models) * len(image_set.labels)):
        outputs = outputs_of_models(result, models, task, worker)
    named = dict(zip(params.outputs, outputs, strict=True))
    write_outputs(output.outputs, named, included, {"attribution": names.attribution})
    running.record(output.outputs, passes=result.passes, seconds=result.seconds, **describe(worker.device))
    running.timing.state(models=len(models), **task.architecture.shape)
    resume.discard()
