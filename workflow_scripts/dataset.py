"""Rule dataset: decode the raw files of a data set, check them, and write them as one artifact with a table of rows."""

from pathlib import Path

import pyarrow as pa

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.artifacts.tables import write_table
from unlearnkit.config.data.images import DataBlock
from unlearnkit.data.images.dataset_file import write_image_set
from unlearnkit.data.images.loading import load_published, prepared, refuse_own_copies
from unlearnkit.data.images.rows import row_columns

with job_of(snakemake) as running:
    root = DataBlock.model_validate(snakemake.config["data"]).root
    data = DataBlock.model_validate(snakemake.params.settings)
    published, published_hash = load_published(data.name, Path(root) if root else None, data.content_hash, data)
    sizes = {"train_size": data.train_size, "validation_size": data.validation_size, "test_size": data.test_size}
    image_set = prepared(published, data.split, sizes, data.image)
    if warning := refuse_own_copies(data.name, image_set):
        running.report(f"WARNING: {warning}")
    write_image_set(snakemake.output.dataset, image_set)
    write_table(snakemake.output.rows, pa.table(row_columns(image_set)), {})
    here = Path.cwd()
    raw = {str(path.relative_to(here) if path.is_relative_to(here) else path): path for path in published.raw_files}
    facts = {
        "content_hash": image_set.content_hash,
        "published_hash": published_hash,
        # the user's own files are inputs, so the record lists them already
        "raw": {name: sha256_of(path) for name, path in raw.items() if str(path) not in set(snakemake.input)},
    }
    for name in ("dataset", "rows"):
        running.record(getattr(snakemake.output, name), **facts)
