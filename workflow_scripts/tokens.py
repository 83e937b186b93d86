"""Rule tokens: read a text, make or read its tokenizer, and write its tokens as shards."""

from pathlib import Path

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.config.text_data import TextDataBlock
from unlearnkit.data.text_loading import load_corpus
from unlearnkit.data.token_shards import write_shard
from unlearnkit.data.tokenizer import write_tokenizer
from unlearnkit.data.tokenizer_making import make_tokenizer

output = snakemake.output

with job_of(snakemake) as running:
    data = TextDataBlock.model_validate(snakemake.config["data"])
    root = Path(data.root) if data.root else None
    inputs = set(snakemake.input)
    corpus, content_hash = load_corpus(data.name, root, data.hub, data.content_hash)
    tokenizer = make_tokenizer(data.tokenizer, corpus.train)
    write_tokenizer(output.tokenizer, tokenizer)
    write_shard(output.train, tokenizer.stream(corpus.train))
    write_shard(output.validation, tokenizer.stream(corpus.validation))
    # the user's own files are inputs, whose record says the same
    raw = {path: sha256_of(path) for path in map(str, corpus.raw_files) if path not in inputs}
    for name in ("tokenizer", "train", "validation"):
        running.record(
            getattr(output, name), raw=raw, content_hash=content_hash, vocabulary_size=tokenizer.vocabulary_size
        )
