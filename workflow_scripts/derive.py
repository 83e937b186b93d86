"""Rules of observations that are made of others: note what follows from what the models of one shard showed."""

from functools import partial
from pathlib import Path

from unlearnkit.artifacts.base import read_base
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.observations import require_declared, write_observation
from unlearnkit.artifacts.replies import Replies
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.store import read_array
from unlearnkit.config.execution import Execution
from unlearnkit.data.text.pair_file import read_pairs
from unlearnkit.registry import load
from unlearnkit.training.derived import Means, derived, read_each, read_originals
from unlearnkit.training.setup import describe, worker_for

params, inputs, output, name = snakemake.params, snakemake.input, snakemake.output, snakemake.rule
# some settings decide no result and are in no slice
configured = snakemake.config.get("observations", {}).get(name) or {}

with job_of(snakemake) as running:
    execution = Execution.model_validate(snakemake.config.get("execution", {}))
    worker = worker_for(execution, snakemake.threads, ResumeFolder(output[0], running.key), running.report)
    observation = load("observation", name)
    settings = observation.Settings.model_validate({key: configured[key] for key in configured if key != "observation"})
    observed, first = read_each(inputs.read, observation.READS), params.settings.get("unlearned_from") == "first"
    originals = read_originals(inputs.originals, observation.READS, first=first)
    folder = Path(inputs.judge[0]).parent if inputs.judge else None
    if folder:
        read_base(folder).refuse_changed()
    splits = read_pairs(inputs.pairs[0]).pairs.splits if inputs.pairs else {}
    means = Means(worker.device, Replies(output[0]), running.report, folder)
    derive = partial(observation.derive, settings=settings, means=means)
    with running.timing.measure(name) as work:
        parts = derived(derive, observed, originals, settings.items, [*map(read_array, inputs.forget_sets)], splits)
        some = next(iter(parts.values()))
        work.units = len(parts) * len(some.model_indices) * len(some.sample_index)
    require_declared(name, parts)
    facts = {"observation": name, **getattr(observation, "FACTS", {}), **means.facts}
    write_observation(output[0], parts, {**facts, "population": snakemake.wildcards.population})
    running.record(output[0], **describe(worker.device), **means.facts)
    running.timing.state(models=len(some.model_indices))
