"""Rules of observations: note what the models of one shard show on the samples that are observed."""

from functools import partial

from unlearnkit.artifacts.base import on_base
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.observations import require_declared, write_observation
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.weights import RepeatedWeights, WeightFile
from unlearnkit.config.execution import Execution
from unlearnkit.data.evaluated import rows_of
from unlearnkit.lineage.published_oracles import oracle_facts
from unlearnkit.models.low_rank import whole_state
from unlearnkit.registry import load, task_of_model
from unlearnkit.training.evaluation import observed_of_models
from unlearnkit.training.setup import describe, task_for, worker_for

params, inputs, output, name = snakemake.params, snakemake.input, snakemake.output, snakemake.rule
model = params.settings.get("model", params.settings)

with job_of(snakemake) as running:
    # models are observed by one process, on the one GPU that the job reserves
    execution = Execution.model_validate({**snakemake.config.get("execution", {}), "processes": 1})
    worker = worker_for(execution, snakemake.threads, ResumeFolder(output[0], running.key), running.report)
    dataset = task_of_model(model["name"]).read(inputs.dataset)
    task = task_for(dataset, on_base(model, inputs.base), 0, worker.device)
    weights = WeightFile(inputs.weights)
    last = params.settings.get("epochs") == "last"
    models, epochs = weights.model_indices, weights.epochs[-1:] if last else weights.epochs
    originals = RepeatedWeights(inputs.originals, params.settings.get("draws", 1)) if inputs.originals else None
    first = params.settings.get("unlearned_from") == "first"
    state_of = partial(whole_state, weights, base_of=lambda model: originals.state(0 if first else model))
    rows = rows_of(dataset.split_sizes, params.settings, map(read_array, inputs.forget_sets))
    observation = load("observation", name)
    settings = observation.Settings.model_validate(params.settings.get("settings", {}))
    method = params.settings.get("assembled_by")
    assemble = load("method", method).assemble if method else None
    more = {"tokenizer": inputs.tokenizer[0]} if inputs.tokenizer else {}
    observe = partial(observation.observe, settings=settings, **more)
    with running.timing.measure(name, len(models) * len(epochs) * len(rows)):
        parts = observed_of_models(observe, state_of, models, epochs, dataset, task, worker, assemble, rows)
    require_declared(name, parts)
    tested = oracle_facts(parts, inputs.tested_with, inputs.weights, snakemake.wildcards.population, running.report)
    facts = getattr(observation, "FACTS", {"observation": name})
    write_observation(output[0], parts, {**facts, "population": snakemake.wildcards.population})
    running.record(output[0], **describe(worker.device), **tested)
    running.timing.state(models=len(models), **task.architecture.shape)
