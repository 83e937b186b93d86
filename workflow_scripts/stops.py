"""Rule stops: what runs that stop by what their models know saw after every epoch, as a table and a figure."""

from itertools import groupby

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.stops import read_stops
from unlearnkit.artifacts.store import write_text
from unlearnkit.artifacts.tables import rows_to_table, write_table
from unlearnkit.layout import forget_set_and_candidate
from unlearnkit.report.stops import COLUMNS, figure, markdown, rows
from unlearnkit.report.style import svg
from unlearnkit.report.tables import to_csv

output = snakemake.output

with job_of(snakemake) as running:
    found = [
        row
        for subject, paths in groupby(snakemake.input, forget_set_and_candidate)
        for row in rows(*subject, read_stops([*paths]))
    ]
    write_table(output.parquet, rows_to_table(found, COLUMNS), {"table": "stops"})
    write_text(output.csv, to_csv(found, COLUMNS))
    write_text(output.markdown, markdown(found))
    write_text(output.figure, svg(figure(found)))
    running.record(output.parquet, also=[output.csv, output.markdown, output.figure])
