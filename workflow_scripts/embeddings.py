"""Rule embeddings: embeddings of the training images."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.store import write_array
from unlearnkit.attribution.embedding import clip_embeddings
from unlearnkit.config.execution import Execution
from unlearnkit.data.images.dataset_file import read_image_set
from unlearnkit.training.setup import describe, worker_for

params, inputs, output = snakemake.params, snakemake.input, snakemake.output

with job_of(snakemake) as running:
    execution = Execution.model_validate(snakemake.config.get("execution", {}))
    worker = worker_for(execution, snakemake.threads, ResumeFolder(output.embeddings, running.key), running.report)
    image_set = read_image_set(inputs.dataset)
    with running.timing.measure("attribution", float(image_set.train_size)):
        found = clip_embeddings(image_set.train_images, params.settings["model"], worker.device, running.report)
    write_array(output.embeddings, found)
    running.record(output.embeddings, **describe(worker.device))
