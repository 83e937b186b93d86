"""Rule harness_table: what candidates reach in the tasks of lm-evaluation-harness."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import write_text
from unlearnkit.artifacts.tables import read_table, rows_to_table, write_table
from unlearnkit.report.harness import COLUMNS, Answered, markdown, rows
from unlearnkit.report.tables import to_csv

inputs, output, settings = snakemake.input, snakemake.output, snakemake.params.settings

with job_of(snakemake) as running:
    answered = []
    for path in inputs.answers:
        table, facts = read_table(path)
        answered.append(Answered(path, facts["population"], facts["lm_eval"], table.to_pylist()))
    found = rows(answered, settings["forget_sets"], settings["candidates"])
    write_table(output.parquet, rows_to_table(found, COLUMNS), {"table": "harness"})
    write_text(output.csv, to_csv(found, COLUMNS))
    write_text(output.markdown, markdown(found, settings["asked"]))
    running.record(output.parquet, also=[output.csv, output.markdown])
