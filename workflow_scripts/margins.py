"""Rule margins: compute the margins of the models of one shard on the samples that are evaluated."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.margins import write_margins
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.weights import WeightFile
from unlearnkit.config.execution import Execution
from unlearnkit.data.evaluated import rows_of
from unlearnkit.registry import task_of_model
from unlearnkit.training.evaluation import margins_of_models
from unlearnkit.training.setup import describe, task_for, worker_for

params, inputs, output = snakemake.params, snakemake.input, snakemake.output
model = params.settings.get("model", params.settings)

with job_of(snakemake) as running:
    execution = Execution.model_validate(snakemake.config.get("execution", {}))
    resume = ResumeFolder(output.margins, running.key)
    worker = worker_for(execution, snakemake.threads, resume, running.report)
    kind = task_of_model(model["name"])
    dataset = kind.read(inputs.dataset)
    task = task_for(dataset, model, 0, worker.device)
    weights = WeightFile(inputs.weights)
    models, epochs = weights.model_indices, weights.epochs
    rows = rows_of(dataset.split_sizes, params.settings, map(read_array, inputs.forget_sets))
    with running.timing.measure("margins", len(models) * len(epochs) * len(rows)):
        margins = margins_of_models(weights.state, models, epochs, dataset, task, worker, rows=rows)
    write_margins(output.margins, margins, {"unit": "nats", "population": snakemake.wildcards.population})
    running.record(output.margins, **describe(worker.device))
    running.timing.state(models=len(models), **task.architecture.shape)
