"""Rule unlearn: apply one variant to the originals of one shard; write the unlearned weights and their margins."""

from unlearnkit.artifacts.attribution import read_effects
from unlearnkit.artifacts.base import on_base, placed
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.margins import write_margins
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.stops import write_stops
from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.weights import RepeatedWeights, WeightFile, write_weights
from unlearnkit.config.execution import Execution
from unlearnkit.data.evaluated import rows_of
from unlearnkit.layout import shard_indices
from unlearnkit.registry import load, task_of_model
from unlearnkit.training.evaluation import margins_of_models
from unlearnkit.training.setup import describe, task_for, worker_for
from unlearnkit.training.sharing import unlearn_in_processes
from unlearnkit.training.unlearning import unlearn_shard
from unlearnkit.training.unlearning_recipe import UnlearningRecipe
from unlearnkit.training.unlearning_split import read_split

inputs, output, settings = snakemake.input, snakemake.output, placed(snakemake.params.settings, snakemake.input.reader)

with job_of(snakemake) as running:
    execution = Execution.model_validate(snakemake.config.get("execution", {}))
    worker = worker_for(execution, snakemake.threads, ResumeFolder(output.weights, running.key), running.report)
    running.timing.state(resumed=worker.resume.folder.exists())
    dataset = task_of_model(settings["model"]["name"]).read(inputs.dataset)
    model = on_base(settings["model"], inputs.base, snakemake.config["model"])
    task = task_for(dataset, model, settings.get("continual", settings)["seed"], worker.device)
    models = shard_indices(shard := snakemake.wildcards.shard)
    with running.timing.measure("training") as work:
        unlearn_in_processes(dict(inputs.items()), settings, model, shard, execution, snakemake.threads, worker)
        result = unlearn_shard(
            task,
            UnlearningRecipe.from_slice(settings),
            read_split(dataset, dict(inputs.items()), len(models)),
            originals=RepeatedWeights(inputs.originals, settings.get("draws", 1)),
            held_out_oracles=WeightFile(inputs.held_out_oracles) if inputs.held_out_oracles else None,
            model_indices=models,
            worker=worker,
            oracle_pool=[WeightFile(path) for path in inputs.oracle_pool],
            effects=read_effects(inputs.effects[0]) if inputs.effects else None,
            reference=WeightFile(inputs.reference[0]) if inputs.reference else None,
            tokenizer=inputs.tokenizer[0] if inputs.tokenizer else None,
        )
        work.units = result.all_passes
    write_weights(output.weights, result.states, {"variant": snakemake.wildcards.variant}, result.base_of)
    rows = rows_of(dataset.split_sizes, settings, [read_array(inputs.forget_set)] if inputs.forget_set else [])
    with running.timing.measure("margins", len(models) * len(result.passes) * len(rows)):
        assemble, epochs = getattr(load("method", settings["method"]), "assemble", None), sorted(result.passes)
        margins = margins_of_models(result.whole_state, models, epochs, dataset, task, worker, assemble, rows)
    write_margins(output.margins, margins, {"unit": "nats", "population": snakemake.wildcards.variant})
    running.record(output.weights, **result.stated(), **describe(worker.device))
    running.record(output.margins, **describe(worker.device))
    if stops := output.get("stops"):
        write_stops(stops, result.curves)
        running.record(stops, **describe(worker.device))
    running.timing.state(models=len(models), **task.architecture.shape)
    worker.resume.discard()
