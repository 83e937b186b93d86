"""Rules published_originals and published_oracles: fetch models from the hub, check them, and write their weights."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.weights import write_weights
from unlearnkit.layout import shard_indices
from unlearnkit.published.forget_sets import published_order
from unlearnkit.published.pool import Pool
from unlearnkit.registry import task_of_model
from unlearnkit.training.published import published_states
from unlearnkit.training.setup import architecture_for

params, inputs, output = snakemake.params, snakemake.input, snakemake.output
settings = params.settings

with job_of(snakemake) as running:
    pool = Pool(settings["published"], running.report)
    dataset = task_of_model(settings["model"]["name"]).read(inputs.dataset)
    if inputs.get("forget_set"):
        published_order(pool, dataset.train_size, read_array(inputs.forget_set), snakemake.wildcards.forget_set)
    architecture = architecture_for(dataset, settings["model"])
    models = shard_indices(snakemake.wildcards.shard)
    found = published_states(pool, architecture, models, settings["role"], running.report)
    states = {(index, 0): state for index, state in found.items()}
    write_weights(output.weights, states, {"role": settings["role"]})
    running.record(output.weights, sources=pool.sources)
    running.timing.state(models=len(models), **architecture.shape)
