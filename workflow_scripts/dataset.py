"""Rule dataset: decode the raw files of a data set, check them, and write them as one artifact."""

from pathlib import Path

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.config.data import DataBlock
from unlearnkit.data.dataset_file import write_image_set
from unlearnkit.data.loading import load_published, prepared

root = snakemake.config["data"].get("root")

with job_of(snakemake) as running:
    data = DataBlock.model_validate(snakemake.params.settings)
    published, published_hash = load_published(data.name, Path(root) if root else None, data.content_hash)
    sizes = {"train_size": data.train_size, "validation_size": data.validation_size, "test_size": data.test_size}
    image_set = prepared(published, data.split, sizes, data.image)
    write_image_set(snakemake.output.dataset, image_set)
    here = Path.cwd()
    raw = {str(path.relative_to(here) if path.is_relative_to(here) else path): path for path in published.raw_files}
    running.record(
        snakemake.output.dataset,
        content_hash=image_set.content_hash,
        published_hash=published_hash,
        raw={name: sha256_of(path) for name, path in raw.items()},
    )
