"""Rule forget_set, for text: choose the forget units, check them, and write the indices of their sequences."""

from pathlib import Path

from pydantic import TypeAdapter

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import read_array, write_array
from unlearnkit.config.forget_sets.units import TextForgetSet
from unlearnkit.data.copies import copies_outside, copies_warning, digests, questions_warning
from unlearnkit.data.forget_sets import check_forget_set
from unlearnkit.data.text.text_file import read_text_set
from unlearnkit.data.text.unit_forget_sets import asked, make_unit_forget_set

params, inputs = snakemake.params, snakemake.input

with job_of(snakemake) as running:
    settings = TypeAdapter(TextForgetSet).validate_python(params.settings)
    text_set = read_text_set(inputs.dataset)
    indices = make_unit_forget_set(settings, text_set, Path(inputs.file[0]) if inputs.file else None)
    check_forget_set(
        indices,
        name=snakemake.wildcards.forget_set,
        train_size=text_set.train_size,
        disjoint_from={Path(path).stem: read_array(path) for path in inputs.disjoint_from},
    )
    write_array(snakemake.output.forget_set, indices)
    copies = copies_outside(digests(text_set.sequences()), text_set.split_sizes, indices)
    if warning := copies_warning(snakemake.wildcards.forget_set, len(indices), copies):
        running.report(f"WARNING: {warning}")
    facts = {"copies": copies}
    if text_set.prompts.any():
        facts["questions"] = copies_outside(digests(asked(text_set)), text_set.split_sizes, indices)
        if warning := questions_warning(snakemake.wildcards.forget_set, len(indices), facts["questions"]):
            running.report(f"WARNING: {warning}")
    running.record(snakemake.output.forget_set, size=len(indices), **facts)
    running.timing.state(samples=len(indices))
