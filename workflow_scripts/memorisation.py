"""Rule memorisation: how much better models predict every training sample if they were trained on it."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import TensorFile, write_array
from unlearnkit.attribution.memorisation import memorisation
from unlearnkit.data.images.dataset_file import read_image_set

inputs, output, params = snakemake.input, snakemake.output, snakemake.params

with job_of(snakemake) as running:
    labels = read_image_set(inputs.dataset).train_labels
    files = map(TensorFile, inputs.outputs)
    shards = (((file[name][:, : len(labels)] for name in params.outputs), file["included"]) for file in files)
    found = memorisation(shards, labels)
    write_array(output.memorisation, found.scores)
    running.record(output.memorisation, models=found.models, failed_models=found.failed)
