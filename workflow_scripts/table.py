"""Rule table: one metric over all forget sets and candidates, with noise floors and costs."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import write_text
from unlearnkit.artifacts.tables import read_table, rows_to_table, write_table
from unlearnkit.registry import load
from unlearnkit.report.tables import floor_lines, metric_markdown, metric_rows, to_csv
from unlearnkit.report.tuned import marked, note, with_tuning
from unlearnkit.report.words import words_of

params, inputs, output = snakemake.params, snakemake.input, snakemake.output
name = params.settings["metric"]

with job_of(snakemake) as running:
    metric, words = load("metric", name), words_of(params.settings)
    summaries = [row for path in inputs.summaries for row in read_table(path)[0].to_pylist()]
    costs = read_table(inputs.costs)[0].to_pylist() if inputs.costs else []
    rows = metric_rows(summaries, costs, has_floor=metric.NEEDS_ORACLE)
    tuned_on = params.settings.get("tuned_on", {})
    rows = with_tuning(rows, tuned_on)
    if conclude := getattr(metric, "conclude", None):
        rows = conclude(rows, settings=metric.Settings.model_validate(params.settings["settings"]))
    write_table(output.parquet, rows_to_table(rows), {"metric": name})
    write_text(output.csv, to_csv(rows))
    options = {**params.settings["settings"], **params.settings.get("stated", {})}
    shown = metric_markdown(marked(rows, tuned_on), metric, words, options) + note(rows, tuned_on)
    write_text(output.markdown, shown)
    for line in floor_lines(rows, metric, words):
        running.report(line)
    running.record(output.parquet, also=[output.csv, output.markdown])
