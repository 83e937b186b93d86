"""Rule dataset, for question-answer pairs: make them sequences of tokens, and write them as one artifact."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.data.text.pair_file import read_pairs
from unlearnkit.data.text.pair_making import text_set_of_pairs
from unlearnkit.data.text.pair_tokenizer import read_pair_tokenizer
from unlearnkit.data.text.shared_text import refuse_shared_sequences
from unlearnkit.data.text.text_file import write_text_set

inputs, output = snakemake.input, snakemake.output

with job_of(snakemake) as running:
    tokenizer = read_pair_tokenizer(inputs.tokenizer)
    text_set = text_set_of_pairs(snakemake.params.settings, read_pairs(inputs.pairs), tokenizer)
    if shared := refuse_shared_sequences(text_set):
        running.report(f"WARNING: {shared}")
    write_text_set(output.dataset, text_set)
    longest = int(text_set.lengths.max())
    what, cut = ("pair", "none is cut") if text_set.prompts.all() else ("sequence", "no question is cut")
    running.report(f"the longest {what} has {longest} of at most {text_set.length} tokens; {cut}")
    running.record(output.dataset, content_hash=text_set.content_hash, longest=longest)
