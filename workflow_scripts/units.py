"""Rule units: list the forget units of a text set."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.tables import columns_to_table, write_table
from unlearnkit.data.text_file import read_text_set
from unlearnkit.data.units import unit_columns

with job_of(snakemake) as running:
    columns = unit_columns(read_text_set(snakemake.input.dataset))
    write_table(snakemake.output.units, columns_to_table(columns), {})
    running.record(snakemake.output.units, units=len(columns["unit"]))
