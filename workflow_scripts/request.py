"""Rule request: state what the models of another pool are to forget, each several times."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.membership import read_memberships, write_membership
from unlearnkit.data.images.dataset_file import read_image_set
from unlearnkit.data.requests import drawn_requests
from unlearnkit.layout import shard_indices

inputs, output, names = snakemake.input, snakemake.output, snakemake.wildcards
settings = snakemake.params.settings

with job_of(snakemake) as running:
    requests, draws = shard_indices(names.shard), settings["draws"]
    models = range(requests[0] // draws, requests[-1] // draws + 1)
    parts = read_memberships(inputs.parts, models, read_image_set(inputs.dataset).train_size).member
    membership = drawn_requests(
        settings["seed"], settings["role"], requests, parts, draws=draws, fraction=settings["fraction"]
    )
    write_membership(output.membership, membership, {"pool": names.pool})
    running.record(output.membership)
    running.timing.state(models=len(requests))
