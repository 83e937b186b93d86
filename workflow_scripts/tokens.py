"""Rule tokens: read a text, make or read its tokenizer, and write its tokens as shards."""

from pathlib import Path

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.config.data.text import TextDataBlock
from unlearnkit.data.text.text_loading import load_corpus
from unlearnkit.data.text.tokenizer_making import write_tokens

output = snakemake.output

with job_of(snakemake) as running:
    data = TextDataBlock.model_validate(snakemake.config["data"])
    root = Path(data.root) if data.root else None
    inputs = set(snakemake.input)
    corpus, content_hash = load_corpus(data.name, root, data.hub, data.content_hash)
    tokenizer = write_tokens(data.tokenizer, corpus, output.train, output.validation, output.tokenizer)
    # the user's own files are inputs, so the record lists them already
    raw = {path: sha256_of(path) for path in map(str, corpus.raw_files) if path not in inputs}
    for name in ("tokenizer", "train", "validation"):
        running.record(
            getattr(output, name), raw=raw, content_hash=content_hash, vocabulary_size=tokenizer.vocabulary_size
        )
