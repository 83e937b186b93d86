"""Rule trials: try a metric on candidates of which the truth is known, made of oracles and originals."""

import time

import numpy as np

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.margins import read_selection
from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.tables import rows_to_table, write_table
from unlearnkit.data.evaluated import needed_by
from unlearnkit.data.forget_sets import split_labels
from unlearnkit.data.parts import require_part
from unlearnkit.data.scored import populations, read_beside
from unlearnkit.errors import MetricError
from unlearnkit.metrics.arena.trials import COLUMNS, Pools, on_some_samples, plants_of, run_trials
from unlearnkit.registry import load
from unlearnkit.seeds import derive_seed

params, inputs, output, names = snakemake.params, snakemake.input, snakemake.output, snakemake.wildcards
settings, arena = params.settings, params.settings["arena"]
identity = {"metric": names.metric, "forget_set": names.forget_set}

with job_of(snakemake) as running:
    metric, forget = load("metric", names.metric), read_array(inputs.forget_set)
    for part in inputs.part:
        require_part(read_array(part), forget, part, inputs.forget_set)
    pools, reads, value = {}, settings.get("reads", {}), settings.get("value", "margin_mean")
    for side, selection in settings["sides"].items():
        margins = needed_by(forget, read_selection(inputs.margins, selection), settings)
        first = next(iter(margins.values()))
        split = split_labels(first.split, first.sample_index, forget)
        beside = read_beside(inputs.observed, selection, reads, margins, split)
        pools[side] = next(iter(populations(margins, value, split, beside).values()))
    rng = np.random.default_rng(derive_seed(settings["seed"], f"{names.metric} {names.forget_set}", 0, "trials"))
    some = on_some_samples(Pools(pools["oracle"], pools["original"], pools.get("kept")), arena["samples"], rng)
    rows, reason, start = [], "", time.process_time()
    try:
        rows = run_trials(
            metric,
            metric.Settings.model_validate(settings["settings"]),
            some,
            plants=plants_of(arena["shares"]),
            sizes=arena["sizes"],
            trials=arena["trials"],
            rng=rng,
        )
    except MetricError as error:
        reason = str(error)
    seconds, scores = time.process_time() - start, len(rows) // len(metric.MEASURES)
    write_table(output.trials, rows_to_table(rows, COLUMNS), {**identity, "skipped": reason})
    running.record(output.trials, cpu_seconds_per_score=round(seconds / max(scores, 1), 6), scores=scores)
    running.report(f"{scores} scores of {names.metric}" + (f", {reason}" if reason else ""))
