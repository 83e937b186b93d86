"""Rule attack: attack the models of one shard; write the weights that come of it, and their margins."""

from functools import partial

from unlearnkit.artifacts.base import on_base
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.margins import write_margins
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.weights import RepeatedWeights, WeightFile, write_weights
from unlearnkit.config.execution import Execution
from unlearnkit.data.evaluated import rows_of
from unlearnkit.layout import shard_indices
from unlearnkit.models.low_rank import whole_state
from unlearnkit.registry import WHOLE, task_of_model
from unlearnkit.sources import imported
from unlearnkit.training.attacking import Attack, attack_shard
from unlearnkit.training.evaluation import margins_of_models
from unlearnkit.training.setup import architecture_for, describe, task_for, worker_for
from unlearnkit.training.unlearning_split import UnlearningSplit

inputs, output, settings, names = snakemake.input, snakemake.output, snakemake.params.settings, snakemake.wildcards

with job_of(snakemake) as running:
    # models are attacked by one process, on the one GPU that the job reserves
    execution = Execution.model_validate({**snakemake.config.get("execution", {}), "processes": 1})
    worker = worker_for(execution, snakemake.threads, ResumeFolder(output.weights, running.key), running.report)
    running.timing.state(resumed=worker.resume.folder.exists())
    dataset = task_of_model(settings["model"]["name"]).read(inputs.dataset)
    model = on_base(settings["model"], inputs.base, snakemake.config["model"])
    task = task_for(dataset, model | settings.get("whole", {}), settings["seed"], worker.device)
    models, forget = shard_indices(names.shard), read_array(inputs.forget_set)
    weights, attack = WeightFile(inputs.weights), Attack.of(settings["attack"], settings["settings"])
    first = settings.get("unlearned_from") == "first"
    originals = RepeatedWeights(inputs.originals) if inputs.originals else None
    last = {"epoch": weights.epochs[-1], "base_of": lambda model: originals.state(0 if first else model)}
    state_of = partial(whole_state, weights, **last)
    if "whole" in settings:
        # low-rank terms and the base that all models share become one model each
        state_of = imported(WHOLE).merging(state_of, architecture_for(dataset, model))
    with running.timing.measure("training") as work:
        split = UnlearningSplit.of(dataset, forget)
        result = attack_shard(task, attack, split, state_of=state_of, model_indices=models, worker=worker)
        work.units = result.all_passes
    write_weights(output.weights, result.states, {"attack": names.attack, "candidate": names.candidate})
    rows = rows_of(dataset.split_sizes, settings, [forget])
    with running.timing.measure("margins", len(models) * len(rows)):
        margins = margins_of_models(result.whole_state, models, [attack.last], dataset, task, worker, None, rows)
    write_margins(output.margins, margins, {"unit": "nats", "population": f"{names.candidate} after {names.attack}"})
    facts = {"notes": result.notes} if result.notes else {}
    running.record(output.weights, **result.cost(), **facts, **describe(worker.device))
    running.record(output.margins, **describe(worker.device))
    running.timing.state(models=len(models), **task.architecture.shape)
    worker.resume.discard()
