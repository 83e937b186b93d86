"""Rule tokens: read a text, make or read its tokenizer, and write its tokens as shards."""

from pathlib import Path

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.config.text_data import TextDataBlock
from unlearnkit.data.token_shards import write_shard
from unlearnkit.data.tokenizer import write_tokenizer
from unlearnkit.data.tokenizer_making import make_tokenizer
from unlearnkit.registry import load

output = snakemake.output

with job_of(snakemake) as running:
    data = TextDataBlock.model_validate(snakemake.config["data"])
    corpus = load("data set", data.name).documents(Path(data.root) if data.root else None, data.hub)
    tokenizer = make_tokenizer(data.tokenizer, corpus.train)
    write_tokenizer(output.tokenizer, tokenizer)
    write_shard(output.train, tokenizer.stream(corpus.train))
    write_shard(output.validation, tokenizer.stream(corpus.validation))
    raw = {str(path): sha256_of(path) for path in corpus.raw_files}
    for name in ("tokenizer", "train", "validation"):
        running.record(getattr(output, name), raw=raw, vocabulary_size=tokenizer.vocabulary_size)
