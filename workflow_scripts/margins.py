"""Rule margins: compute the margins of the models of one shard on every sample."""


from unlearnkit.artifacts.job import job
from unlearnkit.artifacts.margins import write_margins
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.weights import WeightFile
from unlearnkit.config.execution import Execution
from unlearnkit.data.dataset_file import read_image_set
from unlearnkit.training.predict import margins_of_shard
from unlearnkit.training.setup import describe, task_for, worker_for

params, inputs, output = snakemake.params, snakemake.input, snakemake.output

with job(
    rule="margins", log=snakemake.log[0], settings=params.settings, code=params.code, inputs=list(inputs)
) as running:
    execution = Execution.model_validate(snakemake.config.get("execution", {}))
    resume = ResumeFolder(output.margins, running.key)
    worker = worker_for(execution, snakemake.threads, resume, running.report)
    image_set = read_image_set(inputs.dataset)
    task = task_for(image_set, params.settings, 0, worker.device)
    margins = margins_of_shard(
        WeightFile(inputs.weights), task.pixels, task.architecture, image_set.train_size, worker
    )
    write_margins(output.margins, margins, {"unit": "nats", "population": snakemake.wildcards.population})
    running.record(output.margins, **describe(worker.device))
