"""Rule forget_set_after: add the rows of a request to those of all requests before it, and check them."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import read_array, write_array
from unlearnkit.data.continual import asked_so_far, new_rows
from unlearnkit.data.forget_sets import check_forget_set

inputs, settings, name = snakemake.input, snakemake.params.settings, snakemake.wildcards.forget_set

with job_of(snakemake) as running:
    earlier = read_array(inputs.earlier[0])
    indices = asked_so_far(read_array(inputs.request), earlier, name, settings["after"])
    # of documents that are divided the rows are not counted beforehand; each request was compared with them
    check_forget_set(indices, name=name, train_size=settings["train_size"] or int(indices.max()) + 2)
    write_array(snakemake.output.forget_set, indices)
    running.record(snakemake.output.forget_set, size=len(indices), new=len(new_rows(indices, earlier)))
    running.timing.state(samples=len(indices))
