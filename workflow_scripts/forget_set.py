"""Rule forget_set: choose the forget set's samples, check them, and write their indices."""

from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import read_array, write_array
from unlearnkit.artifacts.tables import read_table
from unlearnkit.config.forget_sets.images import ForgetSet
from unlearnkit.data.copies import copies_outside, copies_warning, digests
from unlearnkit.data.forget_sets import check_forget_set, make_forget_set
from unlearnkit.data.images.dataset_file import read_image_set
from unlearnkit.hub.forget_sets import from_hub

params, inputs = snakemake.params, snakemake.input

with job_of(snakemake) as running:
    settings = TypeAdapter(ForgetSet).validate_python(params.settings)
    image_set = read_image_set(inputs.dataset)
    if inputs.rows:
        image_set = replace(image_set, file_names=tuple(read_table(inputs.rows[0])[0]["file"].to_pylist()))
    chosen_by = read_array(inputs.chosen_by[0]) if inputs.chosen_by else None
    with from_hub(settings, running.report) as (located, sources):
        indices = make_forget_set(located, image_set, chosen_by)
    check_forget_set(
        indices,
        name=snakemake.wildcards.forget_set,
        train_size=image_set.train_size,
        expected_size=settings.planned_size(),
        disjoint_from={Path(path).stem: read_array(path) for path in inputs.disjoint_from},
    )
    write_array(snakemake.output.forget_set, indices)
    copies = copies_outside(digests(image_set.images), image_set.split_sizes, indices)
    if warning := copies_warning(snakemake.wildcards.forget_set, len(indices), copies):
        running.report(f"WARNING: {warning}")
    running.record(snakemake.output.forget_set, size=len(indices), copies=copies, **sources)
    running.timing.state(samples=len(indices))
