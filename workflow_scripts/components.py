"""Rule components: training samples on the principal components of an attribution of the margin."""

from unlearnkit.artifacts.attribution import MatrixFile
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import write_array
from unlearnkit.attribution.components import principal_components

inputs, output = snakemake.input, snakemake.output

with job_of(snakemake) as running:
    matrix = MatrixFile(inputs.matrix).square()
    write_array(output.components, principal_components(matrix, snakemake.params.settings["count"]))
    running.record(output.components)
