"""Rule sustainability: what metrics show after each of the requests that come one after another."""

from pathlib import Path

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.scores import read_final_samples, read_final_scores
from unlearnkit.artifacts.store import read_array, write_text
from unlearnkit.artifacts.tables import rows_to_table, write_table
from unlearnkit.data.continual import new_rows
from unlearnkit.declarations import declarations
from unlearnkit.registry import locate
from unlearnkit.report.style import svg
from unlearnkit.report.sustainability import COLUMNS, Scored, figure, markdown, rows
from unlearnkit.report.tables import to_csv

inputs, output, settings = snakemake.input, snakemake.output, snakemake.params.settings

with job_of(snakemake) as running:
    so_far = {Path(path).stem: read_array(path) for path in inputs.forget_sets}
    asked = {name: new_rows(so_far[name], so_far[after] if after else []) for name, after in settings["after"].items()}
    scored = []
    for path in inputs.scores:
        *_, metric, forget_set, candidate = Path(path).with_suffix("").parts
        declared = declarations(locate("metric", metric))
        values, samples = read_final_scores(path, declared.HEADLINE), read_final_samples(path)
        scored.append(Scored(metric, declared, forget_set, candidate, values, samples))
    found = rows(scored, settings["chains"], asked)
    write_table(output.parquet, rows_to_table(found, COLUMNS), {"table": "sustainability"})
    write_text(output.csv, to_csv(found, COLUMNS))
    write_text(output.markdown, markdown(found))
    write_text(output.figure, svg(figure(found)))
    running.record(output.parquet, also=[output.csv, output.markdown, output.figure])
