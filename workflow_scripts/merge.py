"""Rule merged: write one model with its low-rank terms merged into the base, after comparing the logits of both."""

from unlearnkit.artifacts.base import on_base
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import write_tensors
from unlearnkit.artifacts.weights import WeightFile
from unlearnkit.models.language.merging import merged_state
from unlearnkit.registry import task_of_model
from unlearnkit.training.setup import architecture_for

inputs, output, settings = snakemake.input, snakemake.output, snakemake.params.settings

with job_of(snakemake) as running:
    dataset = task_of_model(settings["model"]["name"]).read(inputs.dataset)
    architecture = architecture_for(dataset, on_base(settings["model"], inputs.base))
    model = architecture.load(WeightFile(inputs.weights).state(int(snakemake.wildcards.model)))
    state, difference = merged_state(model)
    write_tensors(output.weights, state, {"format": "pt"})
    running.record(output.weights, largest_difference_of_logits=difference)
