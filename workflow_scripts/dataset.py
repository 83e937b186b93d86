"""Rule dataset: decode the raw files of a data set, check them, and write them as one artifact."""

from pathlib import Path

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.data.dataset_file import write_image_set
from unlearnkit.data.loading import load_image_set

settings = snakemake.params.settings
root = snakemake.config["data"].get("root")

with job_of(snakemake) as running:
    image_set = load_image_set(
        settings["name"],
        Path(root) if root else None,
        train_size=settings["train_size"],
        validation_size=settings["validation_size"],
    )
    write_image_set(snakemake.output.dataset, image_set)
    here = Path.cwd()
    raw = {str(path.relative_to(here) if path.is_relative_to(here) else path): path for path in image_set.raw_files}
    hashes = {name: sha256_of(path) for name, path in raw.items()}
    running.record(snakemake.output.dataset, content_hash=image_set.content_hash, raw=hashes)
