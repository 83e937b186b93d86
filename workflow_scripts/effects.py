"""Rule effects: what a forget set contributes to the logits of all samples."""

from unlearnkit.artifacts.attribution import MatrixFile, write_effects
from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import read_array
from unlearnkit.attribution.effects import effects_of

inputs, output, names = snakemake.input, snakemake.output, snakemake.wildcards

with job_of(snakemake) as running:
    forget_set = read_array(inputs.forget_set)
    found = effects_of((MatrixFile(path).rows(forget_set) for path in inputs.matrices), forget_set)
    about = {"attribution": names.attribution, "kind": snakemake.params.kind, "unit": "nats"}
    write_effects(output.effects, found.effect, found.self_effect, about)
    running.record(output.effects)
