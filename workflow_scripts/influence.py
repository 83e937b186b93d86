"""Rule influence: scores of one output from the projected gradients of all checkpoints."""

from unlearnkit.artifacts.attribution import GradientFile, write_matrix
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.attribution.influence import mean_scores
from unlearnkit.attribution.regression import in_half_precision
from unlearnkit.config.execution import Execution
from unlearnkit.training.setup import describe, worker_for

inputs, output, names = snakemake.input, snakemake.output, snakemake.wildcards
settings = snakemake.params.settings

with job_of(snakemake) as running:
    execution = Execution.model_validate(snakemake.config.get("execution", {}))
    worker = worker_for(execution, snakemake.threads, ResumeFolder(output.matrix, running.key), running.report)
    files = [GradientFile(path) for path in inputs.gradients]
    with running.timing.measure("attribution", float(len(files))):
        found = mean_scores(
            files,
            names.output,
            settings["train_size"],
            curvature=settings["curvature"],
            ridge=settings["ridge"],
            device=worker.device,
            report=running.report,
        )
    weights, scale = in_half_precision(found)
    about = {"attribution": names.attribution, "kind": "trak", "output": names.output}
    write_matrix(output.matrix, weights.numpy(), scale.numpy(), about)
    running.record(output.matrix, **describe(worker.device))
