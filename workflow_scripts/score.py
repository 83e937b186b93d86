"""Rule score: compute one metric for one candidate on one forget set, per sample or model, and its summary."""

from pathlib import Path

import numpy as np

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.margins import read_selection
from unlearnkit.artifacts.scores import write_scores
from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.tables import rows_to_table, write_table
from unlearnkit.data.evaluated import needed_by
from unlearnkit.data.forget_sets import split_labels
from unlearnkit.data.scored import populations, read_beside
from unlearnkit.metrics.margins import require_finite
from unlearnkit.metrics.scoring import score_candidate
from unlearnkit.registry import load
from unlearnkit.seeds import derive_seed

params, inputs, output, names = snakemake.params, snakemake.input, snakemake.output, snakemake.wildcards
settings = params.settings
identity = {"metric": names.metric, "forget_set": names.forget_set, "candidate": names.candidate}
facts = {**identity, **settings["settings"], **settings.get("stated", {})}

with job_of(snakemake) as running:
    metric = load("metric", names.metric)
    with running.timing.measure("scoring") as work:
        forget, value = read_array(inputs.forget_set), settings.get("value", "margin_mean")
        candidates = needed_by(forget, read_selection(inputs.candidate, settings["candidate"]), settings)
        oracles, originals = (
            needed_by(forget, read_selection(inputs[side], chosen) if (chosen := settings.get(side)) else {}, settings)
            for side in ("oracle", "original")
        )
        first = next(iter(candidates.values()))
        split = split_labels(first.split, first.sample_index, forget)
        for part in oracles.values():
            require_finite(part.margins, str(Path(inputs.oracle[0]).parent))
        reads, sides = settings.get("reads", {}), {"candidate": candidates, "oracle": oracles, "original": originals}
        compared, references, starts = (
            populations(margins, value, split, read_beside(inputs.observed, settings.get(side), reads, margins, split))
            for side, margins in sides.items()
        )
        summaries = score_candidate(
            metric,
            metric.Settings.model_validate(settings["settings"]),
            compared,
            next(iter(references.values()), None),
            original=next(iter(starts.values()), None),
            seed=derive_seed(settings["seed"], f"{names.metric} {names.forget_set}", 0, "summary"),
        )
        work.units = sum(part.margins.size for side in sides.values() for part in side.values())
    by_split = {name: first.sample_index[split == name] for name in np.unique(split)}
    indices = {"samples": by_split, "models": np.array(first.model_indices)}.get(metric.AXIS)
    values = {epoch: summary.values for epoch, summary in summaries.items()}
    rows = [{**identity, "epoch": epoch, **row} for epoch, summary in summaries.items() for row in summary.rows]
    write_scores(output.scores, values, indices, facts)
    write_table(output.summary, rows_to_table(rows), facts)
    running.record(output.scores)
    running.record(output.summary)
    running.timing.state(models=len(first.model_indices))
