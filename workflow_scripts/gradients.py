"""Rule gradients: projected gradients of all outputs of one original on all samples."""

from unlearnkit.artifacts.attribution import write_gradients
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.weights import WeightFile
from unlearnkit.attribution.gradients import ROLE, parameter_count, projected_gradients
from unlearnkit.attribution.projection import projector_for
from unlearnkit.config.execution import Execution
from unlearnkit.data.images.dataset_file import read_image_set
from unlearnkit.layout import shard_indices
from unlearnkit.seeds import derive_seed
from unlearnkit.training.setup import describe, task_for, worker_for

params, inputs, output, names = snakemake.params, snakemake.input, snakemake.output, snakemake.wildcards
settings = params.settings

with job_of(snakemake) as running:
    execution = Execution.model_validate(snakemake.config.get("execution", {}))
    worker = worker_for(execution, snakemake.threads, ResumeFolder(output.gradients, running.key), running.report)
    image_set = read_image_set(inputs.dataset)
    task = task_for(image_set, settings["model"], settings["seed"], worker.device)
    (checkpoint,) = shard_indices(names.shard)
    model = task.architecture.gather(
        [task.architecture.load(WeightFile(inputs.originals).state(checkpoint))], worker.device
    )
    with running.timing.measure("attribution", len(image_set.labels) * settings["dimension"]):
        projector = projector_for(
            settings["projector"],
            parameter_count(model),
            settings["dimension"],
            seed=derive_seed(settings["seed"], ROLE, checkpoint, "projection"),
            device=worker.device,
            attribution=names.attribution,
        )
        worker.report(f"gradients are projected by {projector.name}")
        found = projected_gradients(model, task.architecture.num_classes, task.pixels, projector, worker.report)
    named = dict(zip(params.outputs, zip(found.projected, found.scale, strict=True), strict=True))
    write_gradients(output.gradients, named, found.probability, {"attribution": names.attribution})
    running.record(output.gradients, projector=projector.name, **describe(worker.device))
