"""Rule regression: fit the datamodels of one output."""

import numpy as np
import torch

from unlearnkit.artifacts.attribution import write_matrix
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.store import TensorFile
from unlearnkit.attribution.regression import fit
from unlearnkit.config.execution import Execution
from unlearnkit.training.setup import describe, worker_for

inputs, output, names = snakemake.input, snakemake.output, snakemake.wildcards

with job_of(snakemake) as running:
    execution = Execution.model_validate(snakemake.config.get("execution", {}))
    worker = worker_for(execution, snakemake.threads, ResumeFolder(output.matrix, running.key), running.report)
    files = [TensorFile(path) for path in inputs.outputs]
    outputs = np.concatenate([file[names.output] for file in files])
    included = np.concatenate([file["included"] for file in files])
    with running.timing.measure("attribution", float(outputs.size)):
        found = fit(
            torch.from_numpy(included).to(worker.device),
            torch.from_numpy(outputs).to(worker.device),
            snakemake.params.settings["regularization"],
            worker.report,
        )
    about = {"attribution": names.attribution, "kind": "datamodels", "output": names.output}
    write_matrix(output.matrix, found.weights.numpy(), found.scale.numpy(), about)
    facts = {"regularization": found.regularization, "explained": found.explained, "failed_models": found.failed}
    running.record(output.matrix, **facts, **describe(worker.device))
