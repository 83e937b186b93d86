"""Rule base: convert, link or download the files of a pretrained model, and write their hashes as a manifest."""

from unlearnkit.artifacts.base import making_base, read_base
from unlearnkit.artifacts.job import job_of
from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.models.base_making import fill_base

output, settings = snakemake.output, snakemake.params.settings

with job_of(snakemake) as running:
    source = BaseSource.model_validate(snakemake.config["model"]["source"])
    with making_base(output.manifest, {"source": settings["source"]}) as folder:
        raw = fill_base(source, folder, running.report)
    base = read_base(output.manifest.rpartition("/")[0])
    running.record(output.manifest, base_sha256=base.sha256, raw=raw)
