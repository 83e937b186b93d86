"""Rules membership and part: state what every model of a shard is trained on; membership: and what it forgets."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.membership import write_membership
from unlearnkit.data.images.dataset_file import read_image_set
from unlearnkit.data.membership import membership_of
from unlearnkit.layout import shard_indices

inputs, output, names = snakemake.input, snakemake.output, snakemake.wildcards

with job_of(snakemake) as running:
    models = shard_indices(names.shard)
    membership = membership_of(snakemake.params.settings, models, read_image_set(inputs.dataset).train_size)
    written = membership.forgetting_nothing() if snakemake.rule == "part" else membership
    write_membership(output.membership, written, {"pool": names.pool})
    running.record(output.membership)
    running.timing.state(models=len(models))
