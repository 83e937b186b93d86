"""Rule leaderboard: the variants of an experiment ranked by every metric and overall."""

from unlearnkit.artifacts.job import job_of
from unlearnkit.artifacts.store import write_json, write_text
from unlearnkit.artifacts.tables import read_table
from unlearnkit.declarations import declarations
from unlearnkit.ranking.leaderboard import leaderboard
from unlearnkit.registry import locate
from unlearnkit.report.critical_difference import critical_difference_diagram
from unlearnkit.report.leaderboard import leaderboard_markdown, leaderboard_page, leaderboard_rows
from unlearnkit.report.style import svg
from unlearnkit.report.tables import to_csv
from unlearnkit.seeds import derive_seed

inputs, output, settings = snakemake.input, snakemake.output, snakemake.params.settings

with job_of(snakemake) as running:
    tables = dict(zip(settings["metrics"], inputs.tables, strict=True))
    document = leaderboard(
        settings,
        {metric: declarations(locate("metric", metric)) for metric in tables},
        {metric: read_table(path)[0].to_pylist() for metric, path in tables.items()},
        seed=derive_seed(settings["seed"], "leaderboard", 0, "bootstrap"),
    )
    figure = svg(critical_difference_diagram(next(iter(document["rankings"]), None)))
    write_json(output.json, document)
    write_text(output.csv, to_csv(leaderboard_rows(document)))
    write_text(output.markdown, leaderboard_markdown(document))
    write_text(output.page, leaderboard_page(document, figure))
    write_text(output.figure, figure)
    running.record(output.json, also=[output.csv, output.markdown, output.page, output.figure])
