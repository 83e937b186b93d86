"""Rule choose: compare the best trials of all studies of a search, and write the settings that variants are given."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import write_text
from unlearnkit.artifacts.tables import read_table
from unlearnkit.config.yaml_text import text_of
from unlearnkit.search.bench import Inputs, bench_of
from unlearnkit.search.choosing import candidates, chosen
from unlearnkit.search.trial import run_trial

params, inputs, output = snakemake.params, snakemake.input, snakemake.output
settings = params.settings

with job_of(snakemake) as running:
    studies = [read_table(path)[0].to_pylist() for path in inputs.studies]
    evaluate = None
    if settings["choose"] == "seed_mean" and len(studies) > 1:
        read = Inputs(inputs.dataset, list(inputs.forget_sets), list(inputs.originals), list(inputs.margins))
        models, execution = range(len(studies) * settings["models"]), snakemake.config.get("execution", {})
        bench = bench_of(read, settings, models, execution=execution, threads=snakemake.threads)

        def evaluate(values, study):
            """Return the norm of the objective on the models of a study."""
            return run_trial(bench, study, values).norm

    found = candidates(studies, evaluate)
    best = chosen(found)
    means = [f"study {study.study}, trial {study.number}: {study.mean:.6f}" for study in found]
    for line in means:
        running.report(line)
    heading = f"# searches.{settings['search']}: study {best.study}, trial {best.number}, norm {best.mean:.6f}\n"
    write_text(output.settings, heading + text_of(best.settings))
    running.record(
        output.settings, study=best.study, trial=best.number, norms={study.study: study.norms for study in found}
    )
