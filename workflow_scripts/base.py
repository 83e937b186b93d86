"""Rules base and judge_base: convert, link or download the files of a model, and write their hashes as a manifest."""

from unlearnkit.artifacts.base import making_base, read_base
from unlearnkit.artifacts.job import job_of
from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.errors import renamed
from unlearnkit.models.base_making import fill_base

output, settings, config = snakemake.output, snakemake.params.settings, snakemake.config
judge = snakemake.rule == "judge_base"
block = config["observations"]["judged"]["judge"] if judge else config["model"]
key = "observations.judged.judge.source" if judge else "model.source"

with job_of(snakemake) as running:
    source = BaseSource.model_validate(block["source"])
    with making_base(output.manifest, {"source": settings["source"]}) as folder, renamed("model.source", key):
        raw = fill_base(source, folder, running.report)
    base = read_base(output.manifest.rpartition("/")[0])
    running.record(output.manifest, base_sha256=base.sha256, raw=raw)
