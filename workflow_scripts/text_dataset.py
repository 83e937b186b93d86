"""Rule dataset, for text: cut the tokens into sequences and forget units, and write them as one artifact."""

from pathlib import Path

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.config.data.text import TextDataBlock
from unlearnkit.data.text.text_file import write_text_set
from unlearnkit.data.text.text_making import text_set_of

with job_of(snakemake) as running:
    root = TextDataBlock.model_validate(snakemake.config["data"]).root
    settings = snakemake.params.settings
    text_set = text_set_of(settings, list(snakemake.input.tokens), Path(root) if root else None, running.report)
    write_text_set(snakemake.output.dataset, text_set)
    running.record(
        snakemake.output.dataset,
        content_hash=text_set.content_hash,
        raw={str(path): sha256_of(path) for path in text_set.raw_files},
    )
