"""Rule search_report: the trials of all studies of a search as a table and as a figure."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import write_text
from unlearnkit.artifacts.tables import read_table
from unlearnkit.report.style import svg
from unlearnkit.report.tables import to_csv
from unlearnkit.report.trials import optimisation_curve, trial_rows

params, inputs, output = snakemake.params, snakemake.input, snakemake.output
settings = params.settings

with job_of(snakemake) as running:
    studies = [read_table(path)[0].to_pylist() for path in inputs.studies]
    write_text(output.trials, to_csv(trial_rows(studies)))
    write_text(output.curve, svg(optimisation_curve(studies, settings["search"], settings["objective"])))
    running.record(output.trials)
    running.record(output.curve)
