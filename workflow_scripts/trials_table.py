"""Rule trials_table: what trials of all metrics show, as a table and a figure."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.provenance import read_record
from unlearnkit.artifacts.store import write_text
from unlearnkit.artifacts.tables import read_table, rows_to_table, write_table
from unlearnkit.declarations import declarations
from unlearnkit.layout import provenance
from unlearnkit.registry import locate
from unlearnkit.report.arena import TABLES
from unlearnkit.report.style import svg
from unlearnkit.report.tables import to_csv

params, inputs, output = snakemake.params, snakemake.input, snakemake.output
settings = params.settings

with job_of(snakemake) as running:
    table, trials, skipped = TABLES[settings["table"]], [], dict(settings["skipped"])
    for path in inputs.trials:
        rows, facts = read_table(path)
        cost = read_record(provenance(path))["cpu_seconds_per_score"]
        if facts["skipped"]:
            skipped[f"{facts['metric']} on {facts['forget_set']}"] = facts["skipped"]
        else:
            measures = declarations(locate("metric", facts["metric"])).MEASURES
            trials.append((facts["metric"], facts["forget_set"], rows.to_pylist(), cost, measures))
    rows = table.rows(trials, settings)
    write_table(output.parquet, rows_to_table(rows, table.COLUMNS), {"table": settings["table"]})
    write_text(output.csv, to_csv(rows, table.COLUMNS))
    write_text(output.markdown, table.markdown(rows, skipped, settings))
    write_text(output.figure, svg(table.figure(rows)))
    running.record(output.parquet, also=[output.csv, output.markdown, output.figure])
