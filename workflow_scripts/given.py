"""Rule given: check models that were trained elsewhere, and write their weights, or references to their files."""

from unlearnkit.artifacts.base import on_base
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.weights import write_references, write_weights
from unlearnkit.layout import shard_indices
from unlearnkit.registry import task_of_model
from unlearnkit.training.given import given_models
from unlearnkit.training.setup import architecture_for

params, inputs, output = snakemake.params, snakemake.input, snakemake.output
settings = params.settings

with job_of(snakemake) as running:
    dataset = task_of_model(settings["model"]["name"]).read(inputs.dataset)
    architecture = architecture_for(dataset, on_base(settings["model"], inputs.base))
    models = shard_indices(snakemake.wildcards.shard)
    given = given_models(architecture, list(inputs.files), models, settings, place=params.place, report=running.report)
    if settings["store"] == "reference":
        write_references(output.weights, given.references, {"role": settings["role"]})
    else:
        states = {(index, 0): state for index, state in given.states.items()}
        write_weights(output.weights, states, {"role": settings["role"]})
    facts = {"notes": given.notes} if given.notes else {}
    running.record(output.weights, sources=given.sources, **facts)
    running.timing.state(models=len(models), **architecture.shape)
