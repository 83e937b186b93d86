"""Rule score_pool: compute one metric for one candidate on a pool, per sample or model, and its summary."""

import numpy as np

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.margins import read_selection
from unlearnkit.artifacts.membership import read_memberships
from unlearnkit.artifacts.scores import write_scores
from unlearnkit.artifacts.tables import rows_to_table, write_table
from unlearnkit.data.pooled import pool_populations
from unlearnkit.metrics.scoring import score_candidate
from unlearnkit.registry import load
from unlearnkit.seeds import derive_seed

params, inputs, output, names = snakemake.params, snakemake.input, snakemake.output, snakemake.wildcards
settings = params.settings
identity = {"metric": names.metric, "forget_set": names.forget_set, "candidate": names.candidate}

with job_of(snakemake) as running:
    metric = load("metric", names.metric)
    with running.timing.measure("scoring") as work:
        chosen = [(inputs[side], settings[side]) for side in ("candidate", "oracle")]
        sides = [read_selection(files, selection) if selection else {} for files, selection in chosen]
        first, draws = next(iter(sides[0].values())), settings["draws"]
        models = len(first.model_indices) * (draws if names.candidate == "original" else 1)
        whole = read_memberships(inputs.membership, range(models), int((first.split == "train").sum()))
        membership = whole.on(first.split, first.sample_index)
        del whole  # 60 MB for 640 models on 47,500 samples
        work.units = sum(part.margins.size for side in sides for part in side.values())
        candidates, oracles = (pool_populations(side, membership, draws) for side in sides)
        summaries = score_candidate(
            metric,
            metric.Settings.model_validate(settings["settings"]),
            candidates,
            next(iter(oracles.values()), None),
            seed=derive_seed(settings["seed"], f"{names.metric} {names.forget_set}", 0, "summary"),
        )
    split = next(iter(candidates.values())).split
    by_split = {name: first.sample_index[split == name] for name in np.unique(split)}
    indices = {"samples": by_split, "models": np.arange(models)}.get(metric.AXIS)
    values = {epoch: summary.values for epoch, summary in summaries.items()}
    rows = [{**identity, "epoch": epoch, **row} for epoch, summary in summaries.items() for row in summary.rows]
    write_scores(output.scores, values, indices, {**identity, **settings["settings"]})
    write_table(output.summary, rows_to_table(rows), {**identity, **settings["settings"]})
    running.record(output.scores)
    running.record(output.summary)
    running.timing.state(models=models)
