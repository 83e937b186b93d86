"""Rule units: list the forget units of a text set."""

import pyarrow as pa

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.tables import write_table
from unlearnkit.data.text.text_file import read_text_set
from unlearnkit.data.text.units import unit_columns

with job_of(snakemake) as running:
    text_set = read_text_set(snakemake.input.dataset)
    columns = unit_columns(text_set.starts, text_set.lengths, text_set.units)
    write_table(snakemake.output.units, pa.table(columns), {})
    running.record(snakemake.output.units, units=len(columns["unit"]))
