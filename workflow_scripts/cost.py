"""Rule cost: the table of what every variant costs relative to retraining."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.provenance import read_record
from unlearnkit.artifacts.store import write_text
from unlearnkit.artifacts.tables import rows_to_table, write_table
from unlearnkit.layout import forget_set_and_candidate
from unlearnkit.report.cost import cost_rows
from unlearnkit.report.tables import cost_markdown, to_csv
from unlearnkit.report.words import words_of

inputs, output = snakemake.input, snakemake.output

with job_of(snakemake) as running:
    records = {}
    for path in inputs.records:
        records.setdefault(forget_set_and_candidate(path), []).append(read_record(path))
    rows = cost_rows(records)
    write_table(output.parquet, rows_to_table(rows), {"table": "cost"})
    write_text(output.csv, to_csv(rows))
    write_text(output.markdown, cost_markdown(rows, words_of(snakemake.params.settings)))
    running.record(output.parquet, also=[output.csv, output.markdown])
