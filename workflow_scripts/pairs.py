"""Rule pairs: read question-answer pairs, make or read their tokenizer, and write both, with the prompts."""

from pathlib import Path

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import sha256_of, write_text
from unlearnkit.config.data.text import TextDataBlock
from unlearnkit.data.text.document_cutting import cut_documents
from unlearnkit.data.text.pair_file import write_pairs
from unlearnkit.data.text.pair_loading import PairSettings, load_pairs, prepared

inputs, output = snakemake.input, snakemake.output

with job_of(snakemake) as running:
    data = TextDataBlock.model_validate(snakemake.config["data"])
    root, settings = Path(data.root) if data.root else None, data.pairs or PairSettings.model_validate({})
    pairs, content_hash = load_pairs(data.name, root, settings, data.content_hash)
    pairs = pairs.part(settings.first, data.train_size, data.validation_size, settings.further_size)
    file, tokenizer = prepared(
        pairs, settings, data.tokenizer, Path(inputs.tokenizer[0]).parent if inputs.tokenizer else None
    )
    if how := settings.documents:
        file = cut_documents(file, tokenizer, how.cut, how.length or data.sequence_length)
        pairs = file.pairs
    write_pairs(output.pairs, file)
    write_text(output.tokenizer, tokenizer.definition)
    counts = {split: len(of_split) for split, of_split in pairs.splits.items()} | dict(pairs.notes)
    running.report(", ".join(f"{count} {name}" for name, count in counts.items()))
    # the user's own files are inputs, so the record lists them already
    raw = {path: sha256_of(path) for path in map(str, pairs.raw_files) if path not in set(inputs)}
    lists = {name: len(chosen) for name, chosen in pairs.forget_lists.items()}
    running.record(output.pairs, raw=raw, content_hash=content_hash, pairs=counts, forget_lists=lists)
    running.record(output.tokenizer, vocabulary_size=tokenizer.vocabulary_size)
