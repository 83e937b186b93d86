"""Rules base and judge_base: convert, link or download the files of a model, and write their hashes as a manifest."""

from unlearnkit.artifacts.base import making_base, read_base
from unlearnkit.artifacts.job import job_of
from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.config.observations.judges import named_source
from unlearnkit.errors import renamed
from unlearnkit.models.base_making import fill_base

output, settings, config = snakemake.output, snakemake.params.settings, snakemake.config
of_models = "model.source", config["model"].get("source")
key, stated = named_source(config["observations"]) if snakemake.rule == "judge_base" else of_models

with job_of(snakemake) as running:
    source = BaseSource.model_validate(stated)
    with making_base(output.manifest, {"source": settings["source"]}) as folder, renamed("model.source", key):
        raw = fill_base(source, folder, running.report)
    base = read_base(output.manifest.rpartition("/")[0])
    running.record(output.manifest, base_sha256=base.sha256, raw=raw)
